"""Plain numbers, printed by `python -m tests.bench.accuracy --fit CORPUS…`."""

from __future__ import annotations

from collections.abc import Mapping

COLD: Mapping[str, Mapping[str, float]] = {
    "studio": {
        "bias": 1.7939, "named": 1.7939, "surface": 1.5972, "start": 1.0752, "inner": 0.5817,
        "last": -2.2292, "d1": 1.6298, "d2": 0.7146, "d3": -0.6306, "details": -1.7755, "also":
        0.3218, "alias": 0.4138, "single": -1.3181, "short": -4.4622, "places": -0.5778,
        "inside": -2.3218, "shared": -1.6334, "parent_named": 2.0002, "child_named": -3.6757,
        "rivals": 0.8036, "rival": -1.1079, "whole": 0.4401, "goes_on": -7.1896, "spelt":
        0.1932,
    },
    "studio?": {
        "high": 0.5705, "low": 1.4458, "shift": 0.2453, "gap": 0.1345,
    },
    "performers": {
        "bias": 0.828, "surface": 0.1128, "name": 1.1104, "alias": -0.0814, "single": 0.354,
        "reversed": -0.1168, "initial": 0.6355, "typo": -1.0737, "stem": 0.2844, "also":
        -0.0592, "folder": 0.3073, "details": 0.3071, "places": 0.0116, "head": -0.0124,
        "left_hard": 0.76, "right_hard": -0.1856, "beside": 0.4135, "whose": -2.5437, "inside":
        -5.5183, "tag_word": -4.7029, "shared": -3.2038, "share": 1.4199, "cast_known": -0.0206,
        "long": 1.7131, "next_name": -2.6431, "has_named": -0.6452, "elsewhere": 0.7753,
    },
    "performers?": {
        "high": 0.4809, "low": 1.5328, "shift": -1.4663,
    },
    "date": {
        "bias": 1.7869, "prior": 0.3566, "all": 0.3566, "stem": 0.9615, "also": 0.8254, "ways":
        -2.3978, "others": -2.3309, "edge": -0.4193, "survey": 2.6617, "survey_place": 0.5181,
    },
    "date?": {
        "high": 0.1801, "low": 1.274, "shift": 0.4572, "gap": -0.3101,
    },
    "title": {
        "bias": -0.2166, "start": 0.9906, "end": 1.0067, "first": 0.3003, "last": 0.3003,
        "before": -0.3315, "after": -0.5555, "length": 0.233, "one_word": -3.1226, "names":
        -9.599, "studio_part": 5.3946, "number_only": -0.001, "number_end": -2.5712,
        "number_start": 2.0504, "template": 0.1835, "also": -0.6965, "agreed": 2.0795,
        "hexlike": -2.0472, "glued": -0.393, "whole_zone": -2.4596, "bracketed": -3.2999,
        "style": -0.1835, "zones": 0.1001, "longest": 1.7122, "rest_words": -0.4861,
        "studio_style": 0.1038, "digits": -2.6377,
    },
    "title?": {
        "high": 1.3438, "low": 0.083, "shift": 0.8431, "gap": -0.1586,
    },
    "tags": {
        "bias": 0.321, "popular": -0.2225, "named": 0.321, "surface": 0.5966, "in_title":
        0.8418, "stem": 0.5318, "also": 0.3433, "folder": -1.1589, "details": -0.2106, "alias":
        -1.548, "single": -0.8875, "inside": -2.483, "person_word": 0.3389, "studio_word":
        -0.3504, "over_name": -1.5203, "roles": 0.3472, "parent_named": 0.2549, "child_named":
        0.9915, "shared": -2.0949, "long": -0.0622, "words": -0.8357, "leaf": -0.8356, "glued":
        0.5345,
    },
    "tags?": {
        "high": 1.1159, "low": 0.9159, "shift": 0.1867,
    },
}  # fmt: skip

WARM: Mapping[str, Mapping[str, float]] = {
    "studio": {
        "bias": -2.6964, "prior": 0.301, "named": 1.3948, "surface": 0.6272, "start": 0.3256,
        "inner": 0.4453, "last": -0.1194, "d1": 0.0677, "d2": 0.485, "d3": -0.0032, "title":
        -0.2403, "details": -0.2682, "also": 0.1074, "alias": -0.0069, "single": 0.1234,
        "short": -0.0369, "places": 0.8011, "inside": -0.0226, "shared": -0.052, "lift_d1":
        0.3151, "lift_d2": 0.2571, "lift_d3": 0.1001, "lift_head": 0.2764, "lift_tail": 0.1476,
        "lift_bracket": -0.1639, "cast": 0.6196, "style": 0.5273, "parent_named": 0.0748,
        "child_named": -0.0739, "rivals": -0.0382, "rival": -0.5614, "best_lift": -0.1479,
        "whole": 1.073, "goes_on": -0.1871, "word_before": 0.5055, "spelt": 0.381,
        "lift_person": 0.2293,
    },
    "studio?": {
        "high": 1.1191, "low": 0.4708, "shift": 0.384, "gap": -0.2422,
    },
    "performers": {
        "bias": 0.1648, "popular": 0.1112, "surface": 0.3852, "seen": -0.3551, "name": 0.5587,
        "alias": 0.0459, "single": 0.0827, "reversed": -0.0373, "initial": -0.11, "first":
        -0.4046, "typo": 0.0295, "stem": 0.3686, "also": 0.0275, "folder": -0.0221, "title":
        -0.4634, "details": 0.1936, "places": -0.0607, "head": 0.0141, "left_hard": 0.3941,
        "right_hard": -0.1101, "beside": 0.2389, "whose": -0.0707, "inside": -0.2443,
        "tag_word": -0.7231, "shared": -0.689, "share": 0.5368, "cast": 0.1045, "cast_known":
        0.1796, "folder_lift": 0.2524, "long": 0.3795, "weak_cast": 0.4188, "weak_folder":
        0.229, "next_name": -0.2936, "has_named": -0.2536, "elsewhere": -0.051,
    },
    "performers?": {
        "high": 1.2532, "low": 1.0326, "shift": 0.1196,
    },
    "date": {
        "bias": 0.1498, "prior": 0.2556, "all": 0.5251, "place": 0.28, "studio": 0.2875, "stem":
        0.1348, "also": 0.015, "ways": -0.3498, "others": -0.0177, "edge": 0.0456, "survey":
        0.8066, "survey_place": 0.3204,
    },
    "date?": {
        "high": 0.9714, "low": 1.084, "shift": 0.0354, "gap": -0.2308,
    },
    "title": {
        "bias": -2.3609, "start": 0.4329, "end": 0.4989, "first": 0.6011, "last": 0.5164,
        "inside": -0.2977, "least": 0.635, "before": -0.6168, "after": -0.408, "length": 0.0199,
        "one_word": -1.5924, "names": -1.3106, "studio_part": 1.2577, "number_only": -0.004,
        "number_end": -0.2409, "number_start": 0.0517, "template": 0.3151, "also": 0.1933,
        "agreed": 0.4026, "hexlike": -0.1749, "glued": -0.0072, "whole_zone": 0.0799,
        "bracketed": -0.113, "style": -0.0867, "zones": -0.7592, "longest": -0.0504,
        "rest_words": -0.1375, "known_words": 0.6821, "studio_style": 0.0532, "digits": -0.1997,
    },
    "title?": {
        "high": 1.3786, "low": 0.6786, "shift": 0.3261, "gap": -0.2087,
    },
    "tags": {
        "bias": -0.9752, "popular": 0.0344, "named": 0.338, "surface": 0.6681, "seen": 0.1378,
        "in_title": 0.4355, "stem": -0.384, "also": 0.1189, "folder": -0.3783, "title": 0.1321,
        "details": 0.0276, "alias": 0.0206, "single": 0.6658, "inside": -1.0012, "person_word":
        -0.1341, "studio_word": -0.1429, "over_name": -0.886, "roles": -0.0482, "studio":
        0.7021, "cast": -0.1738, "place": -0.218, "width": -0.423, "beside": -0.1341, "best":
        0.1088, "unnamed_best": 0.1398, "unnamed_sum": 0.2307, "parent_named": -0.0119,
        "child_named": -0.0123, "unnamed_width": 0.3701, "long": -0.0322, "words": -0.3554,
        "leaf": -0.0838, "glued": 0.1362, "shared": -0.0566,
    },
    "tags?": {
        "high": 1.272, "low": 0.8133, "shift": 0.3797,
    },
}  # fmt: skip
