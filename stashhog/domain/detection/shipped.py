"""Plain numbers, printed by `python -m tests.bench.accuracy --fit CORPUS…`."""

from __future__ import annotations

from collections.abc import Mapping

COLD: Mapping[str, Mapping[str, float]] = {
    "studio": {
        "bias": 1.4653, "named": 1.4653, "surface": 1.0758, "start": 0.8795, "inner": 0.2033,
        "last": -2.8519, "d1": 2.616, "d2": 1.787, "d3": -0.4915, "details": -2.3842, "also":
        0.1673, "alias": 0.1708, "single": -0.9487, "short": -2.0919, "places": -0.1385,
        "inside": -2.6944, "shared": -1.5002, "parent_named": 1.1866, "child_named": -3.7469,
        "rivals": 1.1057, "rival": -1.4621, "whole": 0.9065, "goes_on": -7.1605, "spelt":
        -0.3028,
    },
    "studio?": {
        "high": 0.5901, "low": 1.3364, "shift": 0.625, "gap": 0.1705,
    },
    "performers": {
        "bias": 0.526, "surface": 0.0213, "name": 0.713, "alias": -0.253, "single": 0.5648,
        "reversed": 0.5999, "initial": 0.0588, "typo": -1.1575, "stem": -0.1914, "also":
        -0.5387, "folder": 1.3407, "details": 0.0958, "places": 0.1804, "head": 0.7405,
        "left_hard": 1.1132, "right_hard": 0.2388, "beside": 1.2477, "whose": -2.5805, "inside":
        -6.0389, "tag_word": -4.8031, "shared": -1.9214, "share": 3.7849, "cast_known": -0.0066,
        "long": 2.1163, "next_name": -2.085, "has_named": -0.7309, "elsewhere": 0.2673,
    },
    "performers?": {
        "high": 0.7415, "low": 1.2258, "shift": -0.6053,
    },
    "date": {
        "bias": 1.546, "prior": 0.3951, "all": 0.3951, "stem": 0.7783, "also": 0.7677, "ways":
        -2.1331, "others": -1.6727, "edge": -0.4257, "survey": 2.8248, "survey_place": 0.1849,
    },
    "date?": {
        "high": 0.6015, "low": 0.7645, "shift": -0.7025, "gap": -0.6495,
    },
    "title": {
        "bias": -0.1861, "start": 1.0183, "end": 1.025, "first": 0.2581, "last": 0.2581,
        "before": -0.4828, "after": -0.4156, "length": 0.3829, "one_word": -2.3342, "names":
        -6.1667, "studio_part": 5.387, "number_only": -0.0037, "number_end": -3.1732,
        "number_start": 2.7511, "template": 0.1577, "also": -0.269, "agreed": 1.6381, "hexlike":
        -0.0015, "glued": -0.7007, "whole_zone": -1.98, "bracketed": -0.4001, "style": -0.1577,
        "zones": -0.1191, "longest": 1.9116, "rest_words": -0.7365, "studio_style": 0.2687,
        "digits": -1.7185, "person_first": -2.3001, "person_before": 2.808,
    },
    "title?": {
        "high": 1.0234, "low": 0.5099, "shift": -0.3336, "gap": -0.2692,
    },
    "tags": {
        "bias": 0.1779, "popular": -0.1233, "named": 0.1779, "surface": -0.0332, "in_title":
        2.0994, "stem": 0.396, "also": 0.4491, "folder": -2.1759, "details": -0.3341, "alias":
        -1.5744, "single": -0.625, "inside": -2.0801, "person_word": 0.168, "studio_word":
        -0.0672, "over_name": -1.7891, "roles": 0.4345, "parent_named": 0.164, "child_named":
        0.0609, "shared": -2.1061, "long": -0.095, "words": -0.6404, "leaf": -0.5438, "glued":
        0.7584, "title": 2.0994,
    },
    "tags?": {
        "high": 0.8849, "low": 1.1101, "shift": -0.226,
    },
}  # fmt: skip

WARM: Mapping[str, Mapping[str, float]] = {
    "studio": {
        "bias": -2.0794, "prior": 0.2786, "named": 1.1246, "surface": 0.7021, "start": 0.2919,
        "inner": 0.3444, "last": -0.0904, "d1": 0.1444, "d2": 0.3317, "d3": -0.0019, "title":
        -0.1471, "details": -0.1806, "also": 0.0263, "alias": 0.1069, "single": 0.118, "short":
        -0.0304, "places": 0.7191, "inside": -0.0279, "shared": -0.0052, "lift_d1": 0.3204,
        "lift_d2": 0.2667, "lift_d3": 0.0108, "lift_head": 0.3452, "lift_tail": 0.1505,
        "lift_bracket": -0.1856, "cast": 0.629, "style": 0.5057, "parent_named": 0.0377,
        "child_named": -0.0123, "rivals": -0.0009, "rival": -0.5975, "best_lift": -0.2784,
        "whole": 0.8552, "goes_on": -0.1121, "word_before": 0.3606, "spelt": 0.2022,
        "lift_person": 0.2205,
    },
    "studio?": {
        "high": 1.0826, "low": 0.6434, "shift": 0.3994, "gap": -0.1256,
    },
    "performers": {
        "bias": 0.1581, "popular": 0.068, "surface": 0.5167, "seen": -0.4556, "name": 0.3154,
        "alias": -0.0069, "single": 0.0796, "reversed": 0.0336, "initial": -0.0024, "first":
        -0.2526, "typo": -0.0086, "stem": 0.2823, "also": -0.0109, "folder": 0.1312, "title":
        -0.4465, "details": 0.1154, "places": -0.0865, "head": 0.2047, "left_hard": 0.4681,
        "right_hard": -0.0517, "beside": 0.4249, "whose": -0.0455, "inside": -0.2228,
        "tag_word": -0.6162, "shared": -0.5093, "share": 0.4595, "cast": 0.159, "cast_known":
        0.1195, "folder_lift": 0.216, "long": 0.4781, "weak_cast": 0.329, "weak_folder": 0.16,
        "next_name": -0.2662, "has_named": -0.195, "elsewhere": -0.0801,
    },
    "performers?": {
        "high": 1.2082, "low": 1.0167, "shift": 0.1254,
    },
    "date": {
        "bias": 0.0737, "prior": 0.2629, "all": 0.5545, "place": 0.2969, "studio": 0.267,
        "stem": 0.0661, "also": 0.0076, "ways": -0.1784, "others": -0.0056, "edge": 0.0268,
        "survey": 0.6947, "survey_place": 0.2979,
    },
    "date?": {
        "high": 0.9779, "low": 1.0917, "shift": 0.0392, "gap": -0.1799,
    },
    "title": {
        "bias": -1.6911, "start": 0.4583, "end": 0.55, "first": 0.5432, "last": 0.4897,
        "inside": -0.412, "least": 0.6644, "before": -0.6388, "after": -0.3639, "length":
        0.1506, "one_word": -1.3269, "names": -1.3797, "studio_part": 0.9714, "number_only":
        -0.004, "number_end": -0.2115, "number_start": 0.0338, "template": 0.3612, "also":
        0.1921, "agreed": 0.4048, "hexlike": -0.0001, "glued": -0.0384, "whole_zone": -0.019,
        "bracketed": -0.0169, "style": -0.1799, "zones": -0.5156, "longest": -0.0197,
        "rest_words": -0.1562, "known_words": 0.1935, "studio_style": -0.0296, "digits":
        -0.1796, "person_first": -0.3426, "person_before": 0.1903,
    },
    "title?": {
        "high": 1.261, "low": 0.758, "shift": -0.0705, "gap": -0.331,
    },
    "tags": {
        "bias": -0.7897, "popular": -0.0549, "named": 0.4131, "surface": 0.6395, "seen": 0.1895,
        "in_title": 0.4847, "stem": -0.3413, "also": 0.0616, "folder": -0.4443, "title": 0.1871,
        "details": 0.0304, "alias": 0.0035, "single": 0.552, "inside": -0.7364, "person_word":
        -0.1405, "studio_word": -0.0721, "over_name": -0.7911, "roles": -0.0218, "studio":
        0.7024, "cast": -0.1503, "place": -0.1926, "width": -0.3218, "beside": -0.1363, "best":
        0.071, "unnamed_best": 0.2683, "unnamed_sum": 0.2084, "parent_named": -0.0303,
        "child_named": -0.0827, "unnamed_width": 0.2967, "long": 0.055, "words": -0.3349,
        "leaf": -0.1357, "glued": 0.1246, "shared": -0.1569,
    },
    "tags?": {
        "high": 1.2724, "low": 0.8075, "shift": 0.39,
    },
}  # fmt: skip
