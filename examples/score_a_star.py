# %% [markdown]
# # Score a star
#
# A network gives every segment of a light curve the probability that it holds a transit; from these a star is scored and its
# best period found. The star here is simulated, so that nothing needs to be downloaded and the truth is known. Run the cells in
# a notebook (Jupyter and VS Code read the `# %%` marks), or the whole file with Python.

# %%
import astroseq_core as aq

star = aq.open_star("SIM 43")  # or "TIC 261136679", folder="my_light_curves/"; or the path of a file; or a lightkurve object
star

# %% [markdown]
# Scoring takes the model that suits the mission and cadence. `star_score` says how much speaks for transits: the natural
# logarithm of a likelihood ratio, not a probability that there is a planet.

# %%
result = star.score()
result

# %%
segments = result.to_pandas()
segments.nlargest(5, "probability")

# %% [markdown]
# Bands are the transits that the published ephemeris predicts, the strip is the probability. Good: dips and bright pieces of the
# strip stand in the bands and nowhere else.

# %%
figure = star.plot()
figure

# %% [markdown]
# The period that the probabilities fold to, beside the one that was simulated:

# %%
found, truth = result.ephemeris, star.ephemerides[0]
comparison = f"found {found.period_days:.4f} ± {found.period_err:.4f} d, published {truth.period_days:.4f} d"
comparison

# %% [markdown]
# Every signal of the star, with the probabilities that it is a planet candidate, an eclipsing binary or neither. Stars are ranked
# by the planet score of their best signal:

# %%
signals = star.signals()
signals

# %%
signals.best.planet_score
