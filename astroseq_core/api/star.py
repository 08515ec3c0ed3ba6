"""A star that is open: its light curves and known signals, and what can be done with it."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from astroseq_core.api.results import ScoreResult, VettingResult, find_signal, star_figure
from astroseq_core.api.signals import SignalsResult
from astroseq_core.display import html_table
from astroseq_core.ephemeris import Ephemeris
from astroseq_core.errors import AstroSeqError, EphemerisError, ModelError
from astroseq_core.io.lightcurve import LightCurve
from astroseq_core.networks import card as cards
from astroseq_core.networks import model as models
from astroseq_core.networks.card import ModelCard
from astroseq_core.networks.model import Model
from astroseq_core.preprocessing.prepare import DetrendedLightCurve
from astroseq_core.same_signal import other_signals
from astroseq_core.scoring import score_cache, star_data, star_source, stellar_parameters
from astroseq_core.scoring.segments import Failure, SegmentScores, score_light_curves
from astroseq_core.scoring.star import score_star
from astroseq_core.scoring.star_data import StarData
from astroseq_core.stellar import StellarParameters
from astroseq_core.store import runs
from astroseq_core.targets import Target

if TYPE_CHECKING:
    import plotly.graph_objects as go

    from astroseq_core.io.pixels import PixelColumns


class Star:
    """An open star; made by `open_star`.

    Parameters
    ----------
    data : StarData
        Its light curves and ephemerides.
    folder : str, optional
        Folder of its light curves, or one file, for the pixel data of FITS files.
    files : mapping of str to Path, optional
        Its files by the SHA-256 of their bytes, where they do not lie in one folder.

    Attributes
    ----------
    data : StarData
        Its light curves and ephemerides.
    scored : ScoreResult or None
        The result of the last call of `score`.
    found : SignalsResult or None
        The result of the last call of `signals`.

    Examples
    --------
    >>> import astroseq_core as aq
    >>> star = aq.open_star("SIM 1")
    >>> star
    <Star SIM 1: simulated, 2 light curves of TESS at 2 min, 3 known signals, not scored>
    >>> [e.name for e in star.ephemerides]
    ['SIM 1.01', 'SIM 1.02', 'SIM 1.03']
    """

    def __init__(self, data: StarData, folder: str = "", files: Mapping[str, Path] | None = None) -> None:
        self.data = data
        self.scored: ScoreResult | None = None
        self.found: SignalsResult | None = None
        self._folder = folder
        self._files = dict(files or {})

    @property
    def target(self) -> Target:
        """The star's identifier."""
        return self.data.target

    @property
    def light_curves(self) -> tuple[LightCurve, ...]:
        """The light curves as read, in time order."""
        return self.data.light_curves

    @property
    def detrended(self) -> tuple[DetrendedLightCurve, ...]:
        """The light curves without their trends, in time order."""
        return self.data.detrended

    @property
    def ephemerides(self) -> tuple[Ephemeris, ...]:
        """The star's known signals."""
        return self.data.ephemerides

    @property
    def problems(self) -> tuple[str, ...]:
        """One sentence for each thing that cannot be used."""
        return self.data.problems

    @property
    def left_out(self) -> tuple[str, ...]:
        """One sentence for each light curve that is left out since another covers its time."""
        return tuple(str(one) for one in self.data.left_out)

    def score(self, model: "str | Path | Model | None" = None) -> ScoreResult:
        """Return the probability of a transit in every segment, and the scores of the star.

        Scores are kept in the cache: a light curve that the model has scored before needs no network.

        Parameters
        ----------
        model : str, Path or Model, optional
            Identifier or folder of a model, or a loaded one; by default the user's default for the
            mission, else the shipped model closest in cadence.

        Returns
        -------
        ScoreResult
            The scores; also kept as `scored`, which `plot` draws.

        Raises
        ------
        ModelError
            If there is no such model, or none suits the star.
        LightCurveError
            If no light curve could be scored.
        """
        card = self._model_card(model)
        results: tuple[SegmentScores | Failure, ...] | None = score_cache.load_all(card, self.light_curves)
        if results is None:
            network = model if isinstance(model, Model) else models.load(str(model or card.model_id))
            results = tuple(score_light_curves(network, self.light_curves))
            score_cache.save_all(card, self.light_curves, results)
        self.scored = ScoreResult(self.data, card, results, score_star(results))
        return self.scored

    def vet(
        self,
        ephemeris: "str | Ephemeris | Iterable[Ephemeris] | None" = None,
        *,
        stellar: StellarParameters | None = None,
    ) -> VettingResult:
        """Return what the vetting checks say about signals of the star.

        Parameters
        ----------
        ephemeris : str, Ephemeris or iterable of Ephemeris, optional
            The signals, or the name of a known one ("SIM 1.01" or "01"); by default all known ones.
            Without any, those that `signals` finds are taken, and without these the period that the
            score found; the star is then searched if it was not before.
        stellar : StellarParameters, optional
            Parameters of the star; by default those of catalogs and headers.

        Returns
        -------
        VettingResult
            Folds, fit, single transits and checks of each signal.

        Raises
        ------
        EphemerisError
            If there is no known signal of that name.
        LightCurveError
            If the light curves cannot be examined.
        """
        from astroseq_core.vetting.examine import examine

        signals = self._signals(ephemeris)
        others = self.ephemerides or signals
        detrended = self.detrended
        pixels, problems = self._pixel_columns([d.light_curve for d in detrended])
        about = self._stellar_parameters() if stellar is None else stellar
        examined = tuple(
            examine(
                detrended,
                one,
                others=other_signals(others, one),
                stellar=about,
                pixels=pixels,
                known=self.ephemerides,
                neighbors=star_data.signals_nearby(self.target),
            )
            for one in signals
        )
        return VettingResult(self.data, examined, (*problems, *self.left_out))

    def signals(self, model: "str | Path | Model | None" = None) -> SignalsResult:
        """Return the signals of the star, with what the classifier says of each.

        The light curves are searched for one signal after the other, up to six; the star is scored if
        it was not before. Known signals are not looked at.

        Parameters
        ----------
        model : str, Path or Model, optional
            Model of the segment probabilities that are searched; by default the one of the last score,
            else the one that suits the star. Without any, the light curves alone are searched.

        Returns
        -------
        SignalsResult
            The signals: period, epoch, duration and depth with their errors, and the probabilities of
            planet candidate, eclipsing binary and not transit-like.

        Raises
        ------
        ModelError
            If a named model is missing or does not suit the star.
        LightCurveError
            If the light curves cannot be searched.

        Examples
        --------
        >>> import astroseq_core as aq
        >>> found = aq.open_star("SIM 43").signals()
        >>> [round(one.ephemeris.period_days, 2) for one in found]
        [3.22]
        """
        from astroseq_core.signals.classify_star import classify_star
        from astroseq_core.signals.search import find_signals

        scored = self._scores_for_search(model)
        found = find_signals(
            () if scored is None else scored.segments, self.detrended, None if scored is None else scored.star_score
        )
        problems = () if scored is not None else ("No model suits the star; the light curves alone were searched.",)
        try:
            classes = classify_star(self.detrended, [s.ephemeris for s in found])
        except ModelError as error:
            classes, problems = {}, (*problems, str(error))
        said = [classes.get(s.ephemeris, (None, None)) for s in found]
        named = tuple(replace(s, classes=own, baseline=trees) for s, (own, trees) in zip(found, said, strict=True))
        self.found = SignalsResult(self.data, named, "" if scored is None else scored.card.model_id, problems)
        return self.found

    def plot(self, observations: str | Sequence[str] = ()) -> "go.Figure":
        """Plot the light curve with predicted transits and, once scored, segment probabilities.

        Parameters
        ----------
        observations : str or sequence of str, optional
            Names of the observations to draw; by default as many of the first as are legible.

        Returns
        -------
        plotly.graph_objects.Figure
            The figure.

        Raises
        ------
        LightCurveError
            If there is no observation of such a name.
        """
        return star_figure(self.data, self.scored, (observations,) if isinstance(observations, str) else tuple(observations))

    def _model_card(self, model: "str | Path | Model | None") -> ModelCard:
        if isinstance(model, Model):
            return model.card
        if model is not None:
            return cards.read(cards.model_folder(str(model)))
        defaults = runs.defaults_or_none()
        for curve in self.light_curves:
            if card := cards.choose_card(curve, defaults):
                return card
        first = self.light_curves[0]
        raise ModelError(
            f"No model here was made for {first.instrument.name} at {first.cadence_minutes:.3g} min; train one for it."
        )

    def _scores_for_search(self, model: "str | Path | Model | None") -> ScoreResult | None:
        if model is not None:
            return self.score(model)
        try:
            return self.scored or self.score()
        except ModelError:
            return None

    def _signals(self, wanted: "str | Ephemeris | Iterable[Ephemeris] | None") -> tuple[Ephemeris, ...]:
        if isinstance(wanted, Ephemeris):
            return (wanted,)
        if isinstance(wanted, str):
            named = find_signal(self.ephemerides, wanted)
            if named is None:
                known = ", ".join(e.name for e in self.ephemerides) or "none"
                raise EphemerisError(f"{self.target} has no known signal '{wanted}'; known: {known}. Give its ephemeris.")
            return (self.ephemerides[named],)
        if wanted is not None:
            return tuple(wanted)
        if self.ephemerides:
            return self.ephemerides
        found = tuple(one.ephemeris for one in self.found or self.signals())
        return found or ((self.scored or self.score()).ephemeris,)

    def _folder_of(self, curve: LightCurve) -> str:
        """Return the file of a light curve, or the folder that it lies in."""
        return str(self._files.get(curve.provenance.sha256, self._folder))

    def _pixel_columns(self, curves: Sequence[LightCurve]) -> "tuple[list[PixelColumns | None], list[str]]":
        source = self.data.source
        columns: list[PixelColumns | None] = []
        problems: list[str] = []
        for curve in curves:
            if source is None and not curve.target.is_simulated:
                columns.append(None)
                continue
            try:
                columns.append(
                    star_data.star_pixel_columns(curve, source or star_source.Source.SIMULATED, self._folder_of(curve))
                )
            except AstroSeqError as error:
                columns.append(None)
                problems.append(str(error))
        return columns, problems

    def _stellar_parameters(self) -> StellarParameters:
        # The file that the headers are read of: the first light curve's.
        return stellar_parameters.stellar_parameters(
            self.target, self.light_curves, self.data.source, self._folder_of(self.light_curves[0])
        )

    def _facts(self) -> tuple[tuple[str, str], ...]:
        first = self.light_curves[0]
        count = len(self.detrended)
        curves = f"{count} light curve{'s' * (count != 1)} of {self.data.instrument.name} at {first.cadence_minutes:.3g} min"
        known = len(self.ephemerides)
        return (
            ("light curves", curves),
            ("known", f"{known or 'no'} known signal{'s' * (known != 1)}"),
            ("score", "not scored" if self.scored is None else f"star_score {self.scored.star_score.star_score:.2f}"),
        )

    def __repr__(self) -> str:
        simulated = "simulated, " if self.target.is_simulated else ""
        more = "".join(f"\n  {sentence}" for sentence in self.left_out)
        return f"<Star {self.target}: {simulated}{', '.join(text for _, text in self._facts())}{more}>"

    def _repr_html_(self) -> str:
        spans = [(d.observation, f"{d.system} {d.time[0]:.2f} to {d.time[-1]:.2f}, {d.noise_text}") for d in self.detrended]
        signals = [
            (e.name, "single transit" if e.period_days is None else f"{e.period_days:.6g} d, {e.duration_hours:.3g} h")
            for e in self.ephemerides
        ]
        title = f"{self.target}{' (simulated)' if self.target.is_simulated else ''}: {self._facts()[0][1]}"
        return html_table(title, (), [*spans, *signals, self._facts()[2]], (*self.problems, *self.left_out))
