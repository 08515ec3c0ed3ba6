"""The page that AstroSeq's pages are measured beside: a bare Streamlit app with one figure of twenty points."""

import plotly.graph_objects as go
import streamlit as st

POINTS = 20

number = st.session_state.setdefault("number", 1)
if st.button("Next"):
    number = st.session_state["number"] = number + 1
figure = go.Figure(go.Scatter(x=list(range(POINTS)), y=[(i * number) % 7 for i in range(POINTS)], mode="markers"))
figure.update_layout(height=430)
st.plotly_chart(figure, key="figure", alt=f"Figure {number} of the reference page")
