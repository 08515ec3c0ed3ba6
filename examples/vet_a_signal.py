# %% [markdown]
# # Vet a signal
#
# Is a dip a planet, two stars that eclipse each other, or noise? The checks measure what tells them apart: odd transits against
# even ones, a secondary eclipse, the shape, the duration, the centroid. Both stars here are simulated: one has a planet, the
# other is an eclipsing binary.

# %%
import astroseq_core as aq

planet, binary = aq.vet("SIM 43"), aq.vet("SIM 37")
planet

# %%
binary

# %% [markdown]
# Every check says what it found in one sentence, with the thresholds that decide.

# %%
failed = binary.to_pandas().query("flag == 'fail'")[["check", "sentence", "threshold"]]
failed

# %% [markdown]
# The panels: the whole orbit, the transit with its fit, odd against even, secondary search, single transits and their depths.

# %%
figure = binary.plot()
figure

# %% [markdown]
# A signal of your own is an ephemeris; here the planet at half its period, which makes every other transit empty.

# %%
known = planet[0].ephemeris
half = aq.Ephemeris.from_values(
    "SIM 43", known.t0.days, known.period_days / 2, known.duration_hours, t0_system="BTJD", name="half the period"
)
wrong = aq.vet("SIM 43", half)
wrong.to_pandas()[["check", "flag", "sentence"]]
