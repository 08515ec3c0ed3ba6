"""Model cards: what a model was trained for and from.

Scoring takes every setting from the card, none from its caller.
"""

import contextlib
import json
import logging
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from astroseq_core import settings
from astroseq_core.errors import ModelError
from astroseq_core.io import files
from astroseq_core.io.lightcurve import LightCurve
from astroseq_core.missions import MISSIONS
from astroseq_core.preprocessing.channels import CHANNELS
from astroseq_core.preprocessing.detrend import DETRENDING_METHODS
from astroseq_core.preprocessing.prepare import PreprocessingConfig, cadence_fits
from astroseq_core.preprocessing.segments import SegmentConfig
from astroseq_core.type_names import JsonObject
from astroseq_core.typed_json import convert, damage_as, read_object

log = logging.getLogger(__name__)
CARD_NAME, MODEL_NAME = "card.json", "model.keras"
#: Incremented when older cards can no longer be read.
CARD_VERSION = 1
#: What to do about a damaged model, as the end of a sentence.
RESTORE_ADVICE = "restore it, or train the model again"
#: Longest identifier [characters], and largest number among the settings of a card.
MAX_ID_LENGTH, MAX_SETTING = 200, 1e6
_MODEL_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,99}")
#: Smallest distance of probabilities from 0 and 1, so that their logits are finite in float32.
MIN_PROBABILITY = 1e-7
#: Largest absolute logit; exp() of more would overflow where a calibration separates its classes completely.
MAX_LOGIT = 80.0


def logit(probability: NDArray[np.floating]) -> NDArray[np.float64]:
    """Compute the natural logarithm of the odds.

    Parameters
    ----------
    probability : ndarray
        Probabilities; clipped to at least 1e-7 from 0 and 1.

    Returns
    -------
    ndarray
        Logits, same shape.

    Examples
    --------
    >>> logit(np.array([0.5, 0.0])).round(3).tolist()
    [0.0, -16.118]
    """
    p = np.clip(np.asarray(probability, np.float64), MIN_PROBABILITY, 1 - MIN_PROBABILITY)
    return np.asarray(np.log(p / (1 - p)))


@dataclass(frozen=True)
class Calibration:
    """Platt scaling (Platt 1999): calibrated logit = slope * logit + offset.

    Attributes
    ----------
    slope : float
        Factor of the logit.
    offset : float
        Offset of the logit.
    base_rate : float
        Fraction of positives in the sample that it was fitted on.
    """

    slope: float = 1.0
    offset: float = 0.0
    base_rate: float = 0.5

    def __call__(self, probability: NDArray[np.floating]) -> NDArray[np.float32]:
        """Calibrate probabilities.

        Parameters
        ----------
        probability : ndarray
            Probabilities of the network.

        Returns
        -------
        ndarray
            Calibrated probabilities, float32, same shape.
        """
        scaled = np.clip(self.slope * logit(probability) + self.offset, -MAX_LOGIT, MAX_LOGIT)
        return np.asarray(1 / (1 + np.exp(-scaled)), np.float32)


@dataclass(frozen=True)
class ModelCard:
    """Description of a model: all that scoring needs, and its provenance.

    Attributes
    ----------
    model_id : str
        Identifier.
    title : str
        Name for display.
    instruments : tuple of str
        Missions whose light curves it was trained for.
    architecture : str
        Name of the network architecture.
    options : dict
        Options of the architecture.
    preparation : PreprocessingConfig
        Detrending and binning of the light curves.
    cutting : SegmentConfig
        How segments are made.
    calibration : Calibration
        Calibration of the segment probabilities.
    sha256 : str
        Hash of `model.keras`.
    cadence_calibration : Calibration or None
        Calibration of the cadence probabilities; None where the network has none.
    cadence_range_minutes : tuple of float or None
        Range of cadences that it scores without binning [min].
    thresholds : dict
        Score thresholds, plain JSON values for display.
    training : dict
        Training data and settings, plain JSON values for display.
    metrics : list of dict
        Evaluation results, plain JSON values for display.
    versions : dict
        Software versions, plain JSON values for display.
    """

    model_id: str
    title: str
    instruments: tuple[str, ...]
    architecture: str
    options: JsonObject
    preparation: PreprocessingConfig
    cutting: SegmentConfig
    calibration: Calibration
    sha256: str
    cadence_calibration: Calibration | None = None
    cadence_range_minutes: tuple[float, float] | None = None
    thresholds: dict[str, float] = field(default_factory=dict)
    training: JsonObject = field(default_factory=dict)
    metrics: list[JsonObject] = field(default_factory=list)
    versions: dict[str, str] = field(default_factory=dict)

    @property
    def cadence_minutes(self) -> float:
        """Cadence of its input [min]; the slowest of a range. Faster light curves are binned to it."""
        if self.preparation.cadence_minutes is not None:
            return self.preparation.cadence_minutes
        if self.cadence_range_minutes is None:
            raise ModelError(f"The card of {self.model_id} names no cadence.")
        return self.cadence_range_minutes[1]

    def suits(self, curve: LightCurve) -> bool:
        """Return whether the model was trained for the instrument and cadence of a light curve.

        Parameters
        ----------
        curve : LightCurve
            The light curve.

        Returns
        -------
        bool
            True if the model can score it.
        """
        return self.suits_at(curve.instrument.name, curve.cadence_minutes)

    def suits_at(self, instrument: str, cadence_minutes: float) -> bool:
        """Return whether the model was trained for an instrument at a cadence.

        Parameters
        ----------
        instrument : str
            Name of the mission.
        cadence_minutes : float
            Cadence [min].

        Returns
        -------
        bool
            True if the model can score such light curves.
        """
        if instrument not in self.instruments:
            return False
        if self.cadence_range_minutes is not None:
            return self.cadence_range_minutes[0] <= cadence_minutes <= self.cadence_range_minutes[1]
        return cadence_fits(cadence_minutes, self.cadence_minutes)

    def facts(self) -> tuple[tuple[str, str], ...]:
        """Return what people ask of a model first, as texts for display.

        Returns
        -------
        tuple of (str, str)
            Names and texts: missions, cadence, window, channels, architecture, and how well it
            ranks segments of stars that it never saw.
        """
        window = self.cutting.window
        facts = [
            ("missions", ", ".join(self.instruments)),
            ("cadence", f"{self.cadence_minutes:.3g} min"),
            ("window", f"{window} cadences ({window * self.cadence_minutes / 60:.3g} h), stride {self.cutting.stride}"),
            ("channels", ", ".join(self.cutting.channels)),
            ("architecture", self.architecture),
            ("probabilities", f"calibrated where {100 * self.calibration.base_rate:.3g} % of segments hold a transit"),
        ]
        for row in self.metrics:
            auc = row.get("roc_auc")
            numbers = [auc.get(name) for name in ("value", "low", "high")] if isinstance(auc, dict) else []
            known = [n for n in numbers if isinstance(n, int | float)]
            if len(known) == 3:  # of one star there is no interval
                interval = f"{known[0]:.3f} ({known[1]:.3f} to {known[2]:.3f})"
                facts.append((f"ROC AUC, {row.get('group')}", f"{interval} on {row.get('stars')} stars"))
        return tuple(facts)

    def to_json(self) -> str:
        """Return the content of `card.json`.

        Returns
        -------
        str
            The card as JSON.
        """
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
        """Write `card.json` into a folder, atomically.

        Parameters
        ----------
        folder : Path
            Folder of the model.

        Raises
        ------
        ModelError
            If the disk is full or not writable.
        """
        files.write_text_atomically(folder / CARD_NAME, self.to_json(), ModelError)


def read(folder: Path) -> ModelCard:
    """Read the card in a model's folder.

    Parameters
    ----------
    folder : Path
        Folder of the model.

    Returns
    -------
    ModelCard
        The card.

    Raises
    ------
    ModelError
        If the card is missing, damaged, or of another version.
    """
    path = folder / CARD_NAME
    if not path.exists():
        raise ModelError(f"There is no model in {folder.name}: {CARD_NAME} is missing; {RESTORE_ADVICE}.")
    values = read_object(path, dict[str, object], RESTORE_ADVICE, ModelError)
    refuse_newer(path, values.get("card_version"), CARD_VERSION)
    with damage_as(ModelError, path, RESTORE_ADVICE):
        return _card_from_json(values)


def refuse_newer(path: Path, version: object, known: int) -> None:
    """Raise if a newer version of AstroSeq wrote a card.

    Parameters
    ----------
    path : Path
        The card.
    version : object
        The version that stands in it.
    known : int
        The newest version that can be read.

    Raises
    ------
    ModelError
        If the version is a larger number.
    """
    if isinstance(version, int) and version > known:
        raise ModelError(
            f"{path.name} of {path.parent.name} has version {version}, and this AstroSeq reads {known}; update AstroSeq."
        )


def _card_from_json(values: JsonObject) -> ModelCard:
    made = dict(values)
    if made.pop("card_version") != CARD_VERSION:
        raise ValueError(f"its version is not {CARD_VERSION}")
    calibration = dict(convert(made.pop("calibration"), dict[str, object], "the calibration"))
    calibration.pop("method", None)
    card = convert(made | {"cutting": made.pop("segments"), "calibration": calibration}, ModelCard)
    _check_card(card)
    return card


def _check_card(card: ModelCard) -> None:
    """Raise ValueError if a value of a card cannot be what it stands for."""
    if not (card.model_id and card.model_id.isprintable() and len(card.model_id) <= MAX_ID_LENGTH):
        raise ValueError("its model_id is no name")
    if not card.instruments or not set(card.instruments) <= set(MISSIONS):
        raise ValueError(f"its instruments must be some of {', '.join(MISSIONS)}")
    if unknown := [name for name in card.cutting.channels if name not in CHANNELS]:
        raise ValueError(f"'{unknown[0]}' is no channel")
    config, limits = card.preparation, card.cadence_range_minutes
    if config.detrending not in DETRENDING_METHODS:
        raise ValueError(f"'{config.detrending}' is no detrending method")
    for name, value in (
        ("window_days", config.window_days),
        ("clip_sigma", config.clip_sigma),
        ("cadence_minutes", config.cadence_minutes),
    ):
        if value is not None and not 0 < value <= MAX_SETTING:
            raise ValueError(f"{name} cannot be {value}")
    if limits is None and config.cadence_minutes is None:
        raise ValueError("it names no cadence")
    if limits is not None and not 0 < limits[0] <= limits[1] <= MAX_SETTING:
        raise ValueError("its range of cadences is none")
    for one in (card.calibration, card.cadence_calibration):
        if one is not None and not (0 < one.base_rate < 1 and max(abs(one.slope), abs(one.offset)) <= MAX_SETTING):
            raise ValueError("its calibration is none")
    if (stars := card.training.get("stars")) is not None:
        convert(stars, dict[str, list[str]] | list[str], "its training stars")  # type: ignore[arg-type]


def is_model_id(model: str) -> bool:
    """Return whether a name is the identifier of a shipped model or of a training run.

    Parameters
    ----------
    model : str
        An identifier, or the path of a folder.

    Returns
    -------
    bool
        False for the path of a folder elsewhere.
    """
    return _installed_folder(model) is not None


def _installed_folder(model: str) -> Path | None:
    if _MODEL_ID.fullmatch(model):
        for place in (settings.models_dir(), settings.runs_dir()):
            if (place / model / CARD_NAME).is_file():
                return place / model
    return None


def model_folder(model: str) -> Path:
    """Return the folder of a model.

    Parameters
    ----------
    model : str
        Identifier of a shipped model or of a training run, or the path of a folder.

    Returns
    -------
    Path
        The folder.

    Raises
    ------
    ModelError
        If there is no such model.
    """
    if (own := _installed_folder(model)) is not None:
        return own
    with contextlib.suppress(OSError, ValueError):  # a name that is too long for a path
        if (Path(model) / CARD_NAME).is_file():
            return Path(model)
    known = ", ".join(c.model_id for c in available_cards()) or "none is installed"
    raise ModelError(f"There is no model '{model}'; models here: {known}.")


def shipped_cards() -> tuple[ModelCard, ...]:
    """Return the cards of the models that are shipped with AstroSeq.

    Returns
    -------
    tuple of ModelCard
        The cards by identifier; unreadable ones are left out.
    """
    return _read_cards(settings.models_dir())


def available_cards() -> tuple[ModelCard, ...]:
    """Return the cards of all models.

    Returns
    -------
    tuple of ModelCard
        The shipped models, then those of training runs, each by identifier; unreadable ones are
        left out.
    """
    own = shipped_cards()
    known = {c.model_id for c in own}
    return (*own, *(c for c in _read_cards(settings.runs_dir()) if c.model_id not in known))


def _read_cards(place: Path) -> tuple[ModelCard, ...]:
    cards = []
    for path in sorted(place.glob(f"*/{CARD_NAME}")):
        try:
            cards.append(read(path.parent))
        except ModelError:
            # One damaged model must not hide the others; `networks.model.damaged_models` has it.
            continue
    return tuple(cards)


def choose_card(curve: LightCurve, defaults: Mapping[str, str] | None = None) -> ModelCard | None:
    """Choose the model for a light curve where the user names none.

    Parameters
    ----------
    curve : LightCurve
        The light curve.
    defaults : mapping of str to str, optional
        Default model of each mission, as set by the user.

    Returns
    -------
    ModelCard or None
        The model; None when none suits.
    """
    return choose_card_for(curve.instrument.name, curve.cadence_minutes, defaults)


def choose_card_for(instrument: str, cadence_minutes: float, defaults: Mapping[str, str] | None = None) -> ModelCard | None:
    """Choose the model for an instrument and a cadence where the user names none.

    Parameters
    ----------
    instrument : str
        Name of the mission.
    cadence_minutes : float
        Cadence [min].
    defaults : mapping of str to str, optional
        Default model of each mission, as set by the user. It is chosen where it suits, else the
        shipped model with the nearest cadence.

    Returns
    -------
    ModelCard or None
        The model; None when none suits.
    """
    if wanted := (defaults or {}).get(instrument):
        try:
            card = read(model_folder(wanted))
        except ModelError as error:
            log.warning("The default for %s is passed over: %s", instrument, error)
        else:
            if card.suits_at(instrument, cadence_minutes):
                return card
    suited = [c for c in shipped_cards() if c.suits_at(instrument, cadence_minutes)]
    return min(suited, key=lambda c: (abs(c.cadence_minutes - cadence_minutes), c.model_id), default=None)
