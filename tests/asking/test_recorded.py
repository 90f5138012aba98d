"""What a real small model once answered, read again; nothing of it depends on that model now."""

from __future__ import annotations

import json

import pytest

from stashhog.core.exceptions import ModelAnswerError, OpenAIError
from stashhog.domain.asking import opinions_of, read_answers
from stashhog.llm import ModelSwitch
from stashhog.ports.model import ModelReply, ModelRequest
from tests.asking.recorded import FILE, replaying, requests, settings
from tests.fakes.model import FakeModel, serve_fake_model


async def test_recorded_answers_are_read_byte_for_byte_the_same() -> None:
    exchanges = json.loads(FILE.read_text())
    answered: dict[str, list[str]] = {"codes": [], "names": []}
    async with serve_fake_model(FakeModel()) as model:
        model.answer = replaying(exchanges)
        switch = ModelSwitch()
        await switch.configure(settings(model.url))
        for style, scenes, request in requests():
            reply = await _asked(switch, request)
            if reply is None:  # a model of this size may talk until it is cut off
                assert style == "codes"
                continue
            assert reply.input_tokens > 100
            assert reply.output_tokens > 0
            again = await switch.ask(request)
            assert again.text == reply.text
            for scene_id, answer in read_answers(reply.text, scenes, style).items():
                scene = next(one for one in scenes if one.scene_id == scene_id)
                assert set(answer.picks) <= scene.options.keys()
                assert opinions_of(scene, answer).keys() <= {"studio", "performers"}
                answered[style].append(scene_id)
        with pytest.raises(OpenAIError) as caught:
            await switch.check()
        await switch.aclose()
    assert caught.value.public_code == "model_not_found"
    assert answered["names"] == ["1", "2", "3", "4"]  # the server's grammar leaves no way out
    assert len(exchanges) == 4


async def _asked(switch: ModelSwitch, request: ModelRequest) -> ModelReply | None:
    try:
        return await switch.ask(request)
    except ModelAnswerError:
        return None
