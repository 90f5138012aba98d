"""The language model: the only home of the openai library, which is loaded on first use."""

from stashhog.llm.switch import ModelSwitch

__all__ = ["ModelSwitch"]
