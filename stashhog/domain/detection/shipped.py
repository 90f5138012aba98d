"""Plain numbers, made by `python -m tests.bench.accuracy --fit CORPUS…`: do not edit."""

from __future__ import annotations

from collections.abc import Mapping

COLD: Mapping[str, Mapping[str, float]] = {
    "studio": {
        "bias": 1.2789, "named": 1.2789, "surface": 1.4037, "start": 0.4211, "inner": -0.1504,
        "last": -0.2758, "d1": 0.5965, "d2": -0.1097, "d3": -0.7592, "details": -0.242, "also":
        0.4891, "alias": 0.3263, "single": -1.5973, "short": -3.7979, "places": 0.0037,
        "inside": -2.2993, "shared": -2.2093, "parent_named": 2.4751, "child_named": -3.2524,
        "rivals": 0.3813, "rival": -0.6446,
    },
    "studio?": {
        "high": 1.2821, "low": 0.7147, "shift": 1.8845, "gap": 0.1229,
    },
    "performers": {
        "bias": 1.0065, "surface": 0.8207, "name": 2.3227, "alias": -2.1247, "single": 0.6185,
        "reversed": -0.1925, "initial": -0.0223, "typo": 0.4047, "stem": 0.2025, "also":
        -0.1168, "folder": 0.6169, "details": 0.2317, "places": -0.0722, "head": 0.2136,
        "left_hard": 0.5972, "right_hard": -0.1269, "beside": 0.6174, "whose": -1.1094,
        "inside": -4.1781, "tag_word": -2.0126, "shared": -1.1578, "share": 2.3445,
        "cast_known": 0.2181, "long": 0.1353, "next_name": -1.0761, "has_named": -0.8887,
        "elsewhere": 1.0615,
    },
    "performers?": {
        "high": 1.0138, "low": 1.2512, "shift": -0.1967,
    },
    "date": {
        "bias": 1.0768, "prior": 2.1953, "all": 2.1953, "stem": 0.8131, "also": 0.2637, "ways":
        -2.5733, "others": -0.277, "edge": 0.3474,
    },
    "date?": {
        "high": 1.1676, "low": 0.9703, "shift": -0.6044, "gap": -0.3099,
    },
    "title": {
        "bias": -0.2115, "start": 0.9531, "end": 1.0146, "first": 0.2932, "last": 0.2932,
        "before": -0.5654, "after": -0.513, "length": 0.1401, "one_word": -2.8862, "names":
        -8.7843, "studio_part": 6.2911, "number_only": -0.0045, "number_end": -2.6306,
        "number_start": 2.8202, "template": 0.1792, "also": -0.4852, "agreed": 2.1233,
        "hexlike": -1.5626, "glued": -0.5053, "whole_zone": -2.3384, "bracketed": -3.3162,
        "style": -0.1792, "zones": 0.0375, "longest": 1.6518, "rest_words": -0.4971,
        "studio_style": 0.0595, "digits": -1.7461,
    },
    "title?": {
        "high": 1.0327, "low": 0.2651, "shift": 0.7246, "gap": -0.2103,
    },
    "tags": {
        "bias": -0.4197, "popular": 0.2909, "named": -0.4197, "surface": 0.514, "in_title":
        1.302, "stem": 0.366, "also": 0.6722, "folder": -1.1868, "details": -0.5195, "alias":
        -1.3413, "single": -0.6813, "inside": -1.9041, "person_word": -0.5989, "studio_word":
        -0.2362, "over_name": -1.4706, "roles": 0.6339, "parent_named": 0.2053, "child_named":
        -0.0487,
    },
    "tags?": {
        "high": 1.0696, "low": 0.9407, "shift": 0.1226,
    },
}  # fmt: skip

WARM: Mapping[str, Mapping[str, float]] = {
    "studio": {
        "bias": -3.7603, "prior": 0.3053, "named": 3.6364, "surface": 0.9399, "start": -0.2298,
        "inner": 0.8178, "last": 0.0197, "d1": 0.6887, "d2": 0.4319, "d3": -0.011, "title":
        -0.6549, "details": -1.1246, "also": 0.8484, "alias": 0.0022, "single": 0.0605, "short":
        -0.0786, "places": 0.8248, "inside": -0.2931, "shared": -0.2396, "lift_d1": -0.0458,
        "lift_d2": 0.1115, "lift_d3": -0.033, "lift_head": 0.2541, "lift_tail": 0.0974,
        "lift_bracket": 0.079, "cast": 0.4786, "style": 0.5635, "parent_named": 1.076,
        "child_named": -0.5262, "rivals": -0.724, "rival": -0.3713, "best_lift": 0.0675,
    },
    "studio?": {
        "high": 0.9807, "low": 0.609, "shift": -0.077, "gap": -0.2199,
    },
    "performers": {
        "bias": 0.2298, "popular": 0.2238, "surface": 0.4329, "seen": -0.5088, "name": 1.019,
        "alias": -0.7637, "single": 0.3448, "reversed": 0.0181, "initial": -0.3759, "first":
        -0.183, "typo": 0.1704, "stem": 0.4663, "also": -0.0651, "folder": 0.1885, "title":
        -0.8715, "details": 0.3903, "places": -0.1212, "head": -0.0029, "left_hard": 0.2443,
        "right_hard": -0.129, "beside": 0.7462, "whose": -0.658, "inside": -1.2287, "tag_word":
        -0.9134, "shared": -1.4262, "share": 0.6336, "cast": 0.0024, "cast_known": 0.1714,
        "folder_lift": 0.0641, "long": 0.379, "weak_cast": 0.648, "weak_folder": 0.5548,
        "next_name": -0.8333, "has_named": -0.4348, "elsewhere": 0.7944,
    },
    "performers?": {
        "high": 1.2815, "low": 0.9225, "shift": 0.376,
    },
    "date": {
        "bias": 0.2253, "prior": 0.7246, "all": 0.8324, "place": 0.4032, "studio": 0.749,
        "stem": 0.1028, "also": 0.1224, "ways": -0.5893, "others": -0.0517, "edge": 0.0016,
    },
    "date?": {
        "high": 0.9982, "low": 0.9723, "shift": -0.0299, "gap": -0.3189,
    },
    "title": {
        "bias": -3.0617, "start": 0.52, "end": 0.649, "first": 0.5706, "last": 0.5452, "inside":
        -0.2392, "least": 0.4101, "before": -0.8709, "after": -0.4642, "length": -0.0404,
        "one_word": -1.442, "names": -2.6333, "studio_part": 1.7677, "number_only": -0.0178,
        "number_end": -0.5463, "number_start": 1.6351, "template": 0.4692, "also": 0.1898,
        "agreed": 1.9123, "hexlike": -0.5164, "glued": -0.0457, "whole_zone": -0.353,
        "bracketed": -0.3601, "style": -0.3982, "zones": -0.2364, "longest": -0.1987,
        "rest_words": -0.2728, "known_words": 1.3582, "studio_style": -0.0572, "digits":
        -0.0655,
    },
    "title?": {
        "high": 1.0373, "low": 0.5825, "shift": 1.1735, "gap": -0.0762,
    },
    "tags": {
        "bias": -1.1825, "popular": 0.0901, "named": 0.6652, "surface": 0.6114, "seen": -0.3692,
        "in_title": 0.8811, "stem": 0.6468, "also": -0.4351, "folder": -0.0668, "title": 0.0385,
        "details": -0.6715, "alias": 0.5322, "single": 0.1178, "inside": -1.5358, "person_word":
        -0.2031, "studio_word": -0.2622, "over_name": -1.3647, "roles": 0.3931, "studio":
        0.2354, "cast": 0.0354, "place": -0.074, "width": 0.055, "beside": -0.0673, "best":
        0.1862, "unnamed_best": 0.6482, "unnamed_sum": 0.0456, "parent_named": 0.0297,
        "child_named": -0.253, "unnamed_width": 0.031,
    },
    "tags?": {
        "high": 1.1281, "low": 0.8897, "shift": 0.1972,
    },
}  # fmt: skip
