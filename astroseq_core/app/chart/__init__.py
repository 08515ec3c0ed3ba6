"""Charts of the pages: Plotly figures whose clouds of points are painted on canvases, without WebGL."""
