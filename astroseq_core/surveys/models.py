"""Models of a survey: loaded when needed, with the queue of each, and what each has scored already."""

from collections.abc import Callable, Mapping, Sequence

from astroseq_core.errors import ModelError
from astroseq_core.networks import card as cards
from astroseq_core.networks.card import ModelCard
from astroseq_core.networks.model import load
from astroseq_core.scoring.segments import SegmentBatcher
from astroseq_core.scoring.star_source import StarSource
from astroseq_core.surveys import prepare, stars
from astroseq_core.surveys.prepare import PreparedStar

#: Gives the data fingerprints that a model version has scored, by star, from the model's identifier and hash.
ScoredFingerprints = Callable[[str, str], Mapping[str, str]]
#: A prepared star with its number in the survey.
NumberedStar = tuple[int, PreparedStar]


class SurveyModels:
    """Models of a survey, loaded when first needed, and the data that they have scored.

    Parameters
    ----------
    model : str or None
        Identifier or folder of the model; None for the best one of each star.
    scored : ScoredFingerprints or None
        Gives the data fingerprints that a model has scored; None if nothing is scored yet.
    defaults : mapping of str to str
        Default model of each mission.
    """

    def __init__(self, model: str | None, scored: ScoredFingerprints | None, defaults: Mapping[str, str]) -> None:
        self.batches: dict[str, SegmentBatcher[NumberedStar]] = {}
        self.defaults = tuple(sorted(defaults.items()))
        self._scored, self._known = scored, dict[str, Mapping[str, str]]()
        self._every: Sequence[ModelCard] | None = None
        self.card = self._open(model) if model else None

    def batcher(self, model_id: str) -> SegmentBatcher[NumberedStar]:
        """Return the batch queue of a model, loading the model if needed.

        Parameters
        ----------
        model_id : str
            Identifier of the model.

        Returns
        -------
        SegmentBatcher
            Its queue.

        Raises
        ------
        ModelError
            If the model cannot be loaded.
        """
        if model_id not in self.batches:
            self._open(model_id)
        return self.batches[model_id]

    def model_hash(self, model_id: str) -> str:
        """Return the hash of a model version.

        Parameters
        ----------
        model_id : str
            Identifier of the model.

        Returns
        -------
        str
            The hash; "" if the model cannot be loaded.
        """
        try:
            return stars.model_hash(self.batcher(model_id).model.card) if model_id else ""
        except ModelError:
            return ""

    def card_for(self, star: StarSource) -> ModelCard | None:
        """Return the slim card of a star's model, without reading the star.

        Parameters
        ----------
        star : StarSource
            The star.

        Returns
        -------
        ModelCard or None
            The card; None if the model depends on light curves not read yet.
        """
        if self.card is not None or not star.instrument or star.cadence_minutes is None:
            return self.card
        return prepare.best_card(star.instrument, star.cadence_minutes, self.defaults)

    def has_scored(self, card: ModelCard, star: StarSource, fingerprint: str) -> bool:
        """Return whether a model has scored exactly these data.

        Parameters
        ----------
        card : ModelCard
            Card of the model.
        star : StarSource
            The star.
        fingerprint : str
            Fingerprint of its data; "" if unknown.

        Returns
        -------
        bool
            False if the data are new or unknown.
        """
        if self._scored is None or not fingerprint:
            return False
        if card.model_id not in self._known:
            self._known[card.model_id] = self._scored(card.model_id, stars.model_hash(card))
        return self._known[card.model_id].get(star.target_id) == fingerprint

    def scored_by(self, star: StarSource, fingerprint: str) -> frozenset[str]:
        """Return the models that have scored exactly these data.

        Parameters
        ----------
        star : StarSource
            The star.
        fingerprint : str
            Fingerprint of its data.

        Returns
        -------
        frozenset of str
            Identifiers of the models.
        """
        if self._scored is None:
            return frozenset()
        return frozenset(c.model_id for c in self._all() if self.has_scored(c, star, fingerprint))

    def _all(self) -> Sequence[ModelCard]:
        if self._every is None:
            self._every = [prepare.slim_card(c) for c in cards.available_cards()]
        return self._every

    def _open(self, model: str) -> ModelCard:
        loaded = load(model)
        self.batches[loaded.card.model_id] = SegmentBatcher[NumberedStar](loaded)
        return prepare.slim_card(loaded.card)
