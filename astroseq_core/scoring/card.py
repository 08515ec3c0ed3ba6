"""Model cards: what a model was made for and from. Scoring takes every setting from the card, none from its caller."""

import json
import logging
import os
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from astroseq_core import settings
from astroseq_core.errors import ModelError
from astroseq_core.lightcurves.lightcurve import LightCurve
from astroseq_core.lightcurves.prepare import Preparation, cadence_fits
from astroseq_core.segments.cut import Cutting

log = logging.getLogger(__name__)
CARD_NAME, MODEL_NAME = "card.json", "model.keras"
#: Raised when a card of an older form can no longer be read.
CARD_VERSION = 1
_MODEL_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,99}")
#: Probabilities are kept this far from 0 and 1, so that their logits are finite in float32.
SMALLEST_PROBABILITY = 1e-7
#: Nothing is surer than this; exp() of more would overflow where a calibration found its classes apart.
LARGEST_LOGIT = 80.0


def logit(probability: NDArray[np.floating]) -> NDArray[np.float64]:
    """Natural log of the odds, same shape; probabilities are kept 1e-7 from 0 and 1."""
    p = np.clip(np.asarray(probability, np.float64), SMALLEST_PROBABILITY, 1 - SMALLEST_PROBABILITY)
    return np.asarray(np.log(p / (1 - p)))


@dataclass(frozen=True)
class Calibration:
    """Platt's scaling (1999): calibrated logit = ``slope`` * logit + ``offset``.

    ``base_rate``: share of segments with a transit among those it was fitted on.
    """

    slope: float = 1.0
    offset: float = 0.0
    base_rate: float = 0.5

    def __call__(self, probability: NDArray[np.floating]) -> NDArray[np.float32]:
        """Calibrated probabilities, same shape."""
        scaled = np.clip(self.slope * logit(probability) + self.offset, -LARGEST_LOGIT, LARGEST_LOGIT)
        return np.asarray(1 / (1 + np.exp(-scaled)), np.float32)


@dataclass(frozen=True)
class ModelCard:
    """All that scoring needs of a model, and all that a reader wants to know of it.

    ``instruments``: the missions whose light curves it was made for; ``sha256``: of model.keras; ``cadence_calibration``: of the
    cadences' probabilities, None where the network has none; ``cadence_range_minutes``: cadences that it takes as they are;
    ``training``, ``metrics``, ``thresholds``, ``versions``: plain JSON values, shown as they are.
    """

    model_id: str
    title: str
    instruments: tuple[str, ...]
    architecture: str
    options: dict[str, Any]
    preparation: Preparation
    cutting: Cutting
    calibration: Calibration
    sha256: str
    cadence_calibration: Calibration | None = None
    cadence_range_minutes: tuple[float, float] | None = None
    thresholds: dict[str, float] = field(default_factory=dict)
    training: dict[str, Any] = field(default_factory=dict)
    metrics: list[dict[str, Any]] = field(default_factory=list)
    versions: dict[str, str] = field(default_factory=dict)

    @property
    def cadence_minutes(self) -> float:
        """Cadence of the light curves it sees [min]; faster ones are binned to it. Of a model that takes several, the slowest."""
        if self.preparation.cadence_minutes is not None:
            return self.preparation.cadence_minutes
        if self.cadence_range_minutes is None:
            raise ModelError(f"The card of {self.model_id} names no cadence.")
        return self.cadence_range_minutes[1]

    def suits(self, curve: LightCurve) -> bool:
        """Whether the light curve is of an instrument and a cadence that the model was made for."""
        return self.suits_at(curve.instrument.name, curve.cadence_minutes)

    def suits_at(self, instrument: str, cadence_minutes: float) -> bool:
        """Whether it was made for light curves of that instrument at that cadence [min]."""
        if instrument not in self.instruments:
            return False
        if self.cadence_range_minutes is not None:
            return self.cadence_range_minutes[0] <= cadence_minutes <= self.cadence_range_minutes[1]
        return cadence_fits(cadence_minutes, self.cadence_minutes)

    def to_json(self) -> str:
        """The card as it stands in card.json."""
        values = {
            "card_version": CARD_VERSION,
            **{k: v for k, v in vars(self).items() if k not in ("preparation", "cutting", "calibration", "cadence_calibration")},
            "instruments": list(self.instruments),
            "preparation": self.preparation.to_dict(),
            "segments": self.cutting.to_dict(),
            "calibration": {"method": "platt", **vars(self.calibration)},
            "cadence_calibration": vars(self.cadence_calibration) if self.cadence_calibration else None,
        }
        return json.dumps(values, indent=1, ensure_ascii=False, allow_nan=False) + "\n"

    def write(self, folder: Path) -> None:
        """Write card.json into the folder, whole or not at all."""
        temporary = folder / f".{CARD_NAME}.{os.getpid()}"
        temporary.write_text(self.to_json(), encoding="utf-8")
        temporary.replace(folder / CARD_NAME)


def read(folder: Path) -> ModelCard:
    """The card in a model's folder; raises ModelError when it is missing, damaged, or of another version."""
    path = folder / CARD_NAME
    try:
        values = json.loads(path.read_text(encoding="utf-8"))
        version = values.pop("card_version")
        if version != CARD_VERSION:
            raise ModelError(f"{path.parent.name}: its card has version {version}, this AstroSeq reads {CARD_VERSION}.")
        cutting = values.pop("segments")
        calibration = values.pop("calibration")
        calibration.pop("method", None)
        cadence = values.pop("cadence_calibration", None)
        limits = values.pop("cadence_range_minutes", None)
        return ModelCard(
            **values
            | {
                "instruments": tuple(values["instruments"]),
                "preparation": Preparation(**values["preparation"]),
                "cutting": Cutting(**cutting | {"channels": tuple(cutting["channels"])}),
                "calibration": Calibration(**calibration),
                "cadence_calibration": Calibration(**cadence) if cadence else None,
                "cadence_range_minutes": tuple(limits) if limits else None,
            }
        )
    except FileNotFoundError:
        raise ModelError(f"There is no model in {folder.name}: {CARD_NAME} is missing.") from None
    except (OSError, ValueError, TypeError, KeyError, AttributeError) as error:
        raise ModelError(f"The card of {folder.name} cannot be read ({error}); restore it or train the model again.") from error


def is_ours(model: str) -> bool:
    """Whether it is the id of a shipped model or of a run, and not merely some folder's path."""
    return _own_folder(model) is not None


def _own_folder(model: str) -> Path | None:
    if _MODEL_ID.fullmatch(model):
        for place in (settings.models_dir(), settings.runs_dir()):
            if (place / model / CARD_NAME).is_file():
                return place / model
    return None


def folder_of(model: str) -> Path:
    """The folder of a model: by its id among the shipped ones and the runs, or by a folder's path; ModelError for none."""
    if (own := _own_folder(model)) is not None:
        return own
    if (Path(model) / CARD_NAME).is_file():
        return Path(model)
    known = ", ".join(c.model_id for c in available()) or "none is installed"
    raise ModelError(f"There is no model '{model}'; models here: {known}.")


def shipped() -> tuple[ModelCard, ...]:
    """Cards of the models that came with AstroSeq, by id; one that cannot be read is left out."""
    return _cards(settings.models_dir())


def available() -> tuple[ModelCard, ...]:
    """Cards of all models, the shipped ones first, then those of training runs, each by id."""
    own = shipped()
    known = {c.model_id for c in own}
    return (*own, *(c for c in _cards(settings.runs_dir()) if c.model_id not in known))


def _cards(place: Path) -> tuple[ModelCard, ...]:
    cards = []
    for path in sorted(place.glob(f"*/{CARD_NAME}")):
        try:
            cards.append(read(path.parent))
        except ModelError:
            # One damaged model must not hide the others; asking for it by name says what is wrong.
            continue
    return tuple(cards)


def best_for(curve: LightCurve, defaults: Mapping[str, str] | None = None) -> ModelCard | None:
    """The model to take for a light curve where none is asked for; see ``best_at``."""
    return best_at(curve.instrument.name, curve.cadence_minutes, defaults)


def best_at(instrument: str, cadence_minutes: float, defaults: Mapping[str, str] | None = None) -> ModelCard | None:
    """The model to take for light curves of an instrument at a cadence [min] where none is asked for; None when none suits.

    ``defaults``: by mission, the model that a person made its default, taken where it suits; else the shipped one with the
    nearest cadence.
    """
    if wanted := (defaults or {}).get(instrument):
        try:
            card = read(folder_of(wanted))
        except ModelError as error:
            log.warning("The default for %s is passed over: %s", instrument, error)
        else:
            if card.suits_at(instrument, cadence_minutes):
                return card
    suited = [c for c in shipped() if c.suits_at(instrument, cadence_minutes)]
    return min(suited, key=lambda c: (abs(c.cadence_minutes - cadence_minutes), c.model_id), default=None)
