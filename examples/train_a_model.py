# %% [markdown]
# # Train a model
#
# A recipe says everything that determines a model: which stars, how they are detrended and cut into segments, the network, the
# training. This one is the recipe `quick` made so small that it trains in seconds; it shows the steps and is no good model.

# %%
import tempfile
from dataclasses import replace
from pathlib import Path

import astroseq_core as aq
from astroseq_core.training import recipes, stars, train

quick = recipes.load_recipe("quick")
recipe = replace(
    quick,
    name="tiny",
    simulated={"TESS": 20},
    injection=replace(quick.injection, copies_simulated=2),
    options={"stem_stride": 4, "widths": (8, 12)},
    total_cap=1000,
    batch=32,
    epochs=3,
    parts=(("train", 0.4), ("validation", 0.2), ("calibration", 0.2), ("test", 0.2)),
)

# %% [markdown]
# Stars are split into those to train on, to stop by, to calibrate with and to measure on; no star is in two parts.

# %%
split = train.split_training_stars(stars.simulated_stars(recipe), recipe, seed=2)
{part: len(members) for part, members in split.parts.items()}

# %% [markdown]
# Transits are injected into quiet simulated stars before these are detrended, the network learns, its probabilities are
# calibrated, and what it is worth is measured on the test stars. All of it stands in the model's card.

# %%
folder = Path(tempfile.mkdtemp(prefix="astroseq-")) / "tiny"
train.train(recipe, folder, stars=split, seed=2, workers=1)
model = aq.load_model(folder)
model

# %% [markdown]
# A model of your own scores like a shipped one.

# %%
result = aq.score("SIM 43", model=model)
result
