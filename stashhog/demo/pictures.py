"""Draws the sample library's screenshots: a sky, a sun, hills and trees, another for each scene.

Rules:
- A picture follows from the scene's id alone, and is a PNG made of nothing but `zlib`.
- It is drawn in palette colours, column by column: a few milliseconds each.
"""

from __future__ import annotations

import math
import random
import struct
import zlib
from functools import lru_cache

WIDTH, HEIGHT = 480, 270
_SKY_STEPS = 48
_SUN, _TREE = _SKY_STEPS, _SKY_STEPS + 1
_FIRST_HILL = _SKY_STEPS + 2
_HILLS = 4

Colour = tuple[int, int, int]

_MOODS: tuple[tuple[Colour, Colour, Colour, Colour], ...] = (
    ((24, 40, 86), (242, 166, 94), (255, 226, 160), (30, 48, 44)),
    ((92, 158, 214), (226, 240, 246), (255, 250, 214), (46, 92, 58)),
    ((12, 18, 44), (58, 78, 128), (236, 240, 255), (14, 24, 40)),
    ((214, 120, 92), (250, 214, 150), (255, 244, 214), (92, 48, 58)),
    ((120, 168, 176), (232, 226, 206), (255, 255, 240), (58, 84, 78)),
    ((64, 52, 110), (230, 140, 160), (255, 214, 190), (40, 30, 62)),
)


@lru_cache(maxsize=256)
def screenshot(scene_id: int) -> bytes:
    """The PNG of a scene."""
    rng = random.Random(scene_id)  # noqa: S311 - the same picture for the same scene
    top, bottom, sun, ground = rng.choice(_MOODS)
    canvas = bytearray()
    for y in range(HEIGHT):
        canvas += bytes([y * _SKY_STEPS // HEIGHT]) * WIDTH
    _draw_sun(canvas, rng)
    for layer in range(_HILLS):
        _draw_hill(canvas, rng, layer)
    palette = [_between(top, bottom, step / (_SKY_STEPS - 1)) for step in range(_SKY_STEPS)]
    palette += [sun, _between(ground, (0, 0, 0), 0.35)]
    palette += [_between(bottom, ground, (layer + 1) / _HILLS) for layer in range(_HILLS)]
    return _png(canvas, palette)


def _between(first: Colour, second: Colour, share: float) -> Colour:
    red, green, blue = (round(a + (b - a) * share) for a, b in zip(first, second, strict=True))
    return red, green, blue


def _draw_sun(canvas: bytearray, rng: random.Random) -> None:
    radius = rng.randrange(14, 34)
    middle_x, middle_y = rng.randrange(60, WIDTH - 60), rng.randrange(40, HEIGHT // 2)
    for y in range(middle_y - radius, middle_y + radius + 1):
        half = math.isqrt(radius * radius - (y - middle_y) ** 2)
        start = y * WIDTH + middle_x - half
        canvas[start : start + 2 * half] = bytes([_SUN]) * (2 * half)


def _draw_hill(canvas: bytearray, rng: random.Random, layer: int) -> None:
    base = HEIGHT * (0.48 + 0.13 * layer)
    waves = [(rng.uniform(0.004, 0.03), rng.uniform(0, 6.28), rng.uniform(3, 16)) for _ in range(3)]
    colour = bytes([_FIRST_HILL + layer])
    tree = bytes([_TREE])
    trees = {rng.randrange(WIDTH): rng.randrange(6, 16) for _ in range(7 * (layer == _HILLS - 1))}
    for x in range(WIDTH):
        rise = sum(size * math.sin(x * pace + start) for pace, start, size in waves)
        crest = max(0, min(HEIGHT - 1, round(base - rise)))
        canvas[crest * WIDTH + x :: WIDTH] = colour * (HEIGHT - crest)
        for middle, height in trees.items():
            grown = height * 2 - 4 * abs(x - middle)
            if grown > 0:
                top = max(0, crest - grown)
                canvas[top * WIDTH + x : (crest + 4) * WIDTH : WIDTH] = tree * len(
                    range(top * WIDTH + x, min((crest + 4) * WIDTH, len(canvas)), WIDTH)
                )


def _png(canvas: bytearray, palette: list[Colour]) -> bytes:
    rows = b"".join(b"\0" + canvas[y * WIDTH : (y + 1) * WIDTH] for y in range(HEIGHT))
    head = struct.pack(">IIBBBBB", WIDTH, HEIGHT, 8, 3, 0, 0, 0)
    colours = bytes(value for colour in palette for value in colour)
    parts = ((b"IHDR", head), (b"PLTE", colours), (b"IDAT", zlib.compress(rows)), (b"IEND", b""))
    return b"\x89PNG\r\n\x1a\n" + b"".join(_chunk(name, data) for name, data in parts)


def _chunk(name: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))
