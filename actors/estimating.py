"""What an analysis would ask a model, and what that would cost, without asking it.

Rules:
- Small selections are looked at whole; of large ones a sample is, spread evenly, and the rest is
  taken to be like it.
- What is kept from earlier answers costs nothing.
- A model that is off costs nothing, because nothing would be sent.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from actors.cpu import Checkpoint, Cpu
from actors.jobs.doubts import (
    Looked,
    Looking,
    answers_about,
    detection_options,
    look_at,
    model_use,
    open_scenes,
    style_of,
)
from stashhog.core.config import Settings
from stashhog.domain.asking import AskedScene, Share, make_prompt
from stashhog.domain.learning import Knowledge
from stashhog.domain.library import Scene
from stashhog.ports.model import LanguageModel, ModelStore

MOST_LOOKED_AT = 1_500


@dataclass(frozen=True, slots=True)
class Estimate:
    """What an analysis of `scenes` would send; `cost_usd` is None where no price is known."""

    scenes: int
    llm_scenes: int = 0
    llm_requests: int = 0
    input_tokens: int = 0
    output_tokens: int = 0
    cost_usd: float | None = 0.0


@dataclass(frozen=True, slots=True)
class Estimating:
    """What an estimate is made with."""

    knowledge: Callable[[Cpu], Any]
    cpu: Cpu
    model: LanguageModel
    store: ModelStore
    settings: Callable[[], Settings]

    async def estimate(
        self, sample: Sequence[Scene], total: int, options: Mapping[str, Any]
    ) -> Estimate:
        """Estimate an analysis.

        Args:
            sample: Scenes of the selection: all, or evenly spread ones.
            total: How many the selection has.
            options: As of the analysis.

        Raises:
            StorageError: the library could not be read.
        """
        settings = self.settings()
        use = model_use(options, settings)
        if use == "never" or not sample:
            return Estimate(total)
        knowledge: Knowledge = await self.knowledge(self.cpu)
        about = answers_about(settings.openai)
        wanted = detection_options(options, settings.analysis)
        looking = Looking(knowledge, wanted, use, about, settings.openai.model)
        looked = await self.cpu(look_at(sample, looking))
        keys = [one.asked.key for one in looked if one.asked is not None]
        kept = await self.store.kept_answers(keys) if keys else {}
        share = Share(limited=use == "auto")
        asked = _asked(looked, kept, share)
        sums = await self.cpu(_priced(asked, settings))
        return self._scaled(sums, len(asked), total, len(sample), settings)

    def _scaled(
        self, sums: tuple[int, int], asked: int, total: int, looked_at: int, settings: Settings
    ) -> Estimate:
        factor = total / looked_at
        scenes = round(asked * factor)
        inputs, outputs = (round(number * factor) for number in sums)
        return Estimate(
            total,
            scenes,
            -(-scenes // settings.openai.scenes_per_request),
            inputs,
            outputs,
            self.model.cost_usd(input_tokens=inputs, output_tokens=outputs) if scenes else 0.0,
        )


def _asked(looked: Sequence[Looked], kept: Mapping[str, Any], share: Share) -> list[AskedScene]:
    """The scenes that would be sent, as the job would choose them."""
    open_ones = [(one.doubt, one.asked) for one in looked if one.asked is not None]
    known = [asked for _, asked in open_ones if asked.key in kept]
    fresh = [(doubt, asked) for doubt, asked in open_ones if asked.key not in kept]
    return share.chosen(fresh, known, open_scenes(looked))


def _priced(
    asked: Sequence[AskedScene], settings: Settings
) -> Callable[[Checkpoint], tuple[int, int]]:
    def work(checkpoint: Checkpoint) -> tuple[int, int]:
        size, style = settings.openai.scenes_per_request, style_of(settings.openai)
        inputs = outputs = 0
        for summary in (False, True):
            alike = [scene for scene in asked if scene.summary is summary]
            for at in range(0, len(alike), size):
                checkpoint()
                prompt = make_prompt(alike[at : at + size], style)
                inputs += prompt.input_tokens
                outputs += prompt.output_tokens
        return inputs, outputs

    return work
