"""Plain numbers, printed by `python -m tests.bench.accuracy --fit CORPUS…`."""

from __future__ import annotations

from collections.abc import Mapping

COLD: Mapping[str, Mapping[str, float]] = {
    "studio": {
        "bias": 1.2493, "named": 1.2493, "surface": 1.3351, "start": 0.8063, "inner": 1.0132,
        "last": -4.3984, "d1": 3.2784, "d2": 3.1267, "details": -4.2527, "also": 0.7096,
        "alias": 0.3987, "single": -0.354, "short": -1.3059, "places": -0.359, "inside":
        -0.6419, "shared": -1.8179, "parent_named": -0.141, "child_named": -0.3126, "rivals":
        1.1083, "rival": -1.499, "whole": 1.1743, "spelt": 0.3715,
    },
    "studio?": {
        "high": 1.018, "low": 1.1266, "shift": 0.321, "gap": 0.0477,
    },
    "performers": {
        "bias": 0.9659, "surface": -0.106, "name": 0.698, "alias": 1.3892, "single": 1.1003,
        "reversed": 0.3567, "initial": -0.8203, "typo": -1.758, "stem": -0.1616, "also":
        -0.4961, "folder": 1.9079, "details": 0.0064, "places": 0.2907, "head": 0.8591,
        "left_hard": 1.241, "right_hard": 0.3208, "beside": 1.3814, "inside": -5.9828,
        "tag_word": -6.1256, "shared": -2.6152, "share": 2.02, "cast_known": 0.0355, "long":
        1.9672, "next_name": -0.321, "has_named": -0.5757, "elsewhere": 0.0326,
    },
    "performers?": {
        "high": 1.3804, "low": 0.8665, "shift": 0.6816,
    },
    "date": {
        "bias": 2.0917, "prior": 0.2104, "all": 0.2104, "stem": 1.3945, "also": 0.6972, "ways":
        -2.9743, "others": 0.4459, "edge": 0.3346, "survey": 2.9631, "survey_place": 0.4487,
    },
    "date?": {
        "high": 0.8346, "low": 0.7346, "shift": -0.5509, "gap": -0.7744,
    },
    "title": {
        "bias": -0.6923, "start": 0.6225, "end": 0.5429, "first": 0.9597, "last": 0.9597,
        "before": -0.8819, "after": -2.4169, "length": 1.0148, "one_word": -3.9302, "names":
        -10.8458, "studio_part": 2.025, "number_end": -1.8692, "number_start": -1.3378,
        "template": 0.5866, "also": -1.0609, "agreed": 0.8731, "glued": -0.1347, "whole_zone":
        0.0785, "bracketed": -0.2049, "style": -0.5866, "zones": -0.3015, "longest": 0.7089,
        "rest_words": -0.3324, "studio_style": 0.2672, "digits": -4.1375, "person_first":
        -0.9225, "person_before": 1.2729,
    },
    "title?": {
        "high": 1.374, "low": 0.3431, "shift": 0.0701, "gap": -0.3404,
    },
    "tags": {
        "bias": 0.8871, "popular": -0.6149, "named": 0.8871, "surface": 0.3679, "in_title":
        0.2051, "stem": 0.5317, "also": 0.2609, "folder": -1.7568, "details": 0.4745, "alias":
        -0.8973, "single": -0.1296, "inside": -2.151, "person_word": -0.4352, "studio_word":
        -0.4213, "over_name": -2.8421, "roles": -0.2847, "parent_named": -0.0477, "child_named":
        -0.1058, "shared": -2.144, "long": -0.6382, "words": -1.0549, "leaf": -0.2352, "glued":
        0.7903,
    },
    "tags?": {
        "high": 0.6207, "low": 1.3544, "shift": -0.7953,
    },
}  # fmt: skip

WARM: Mapping[str, Mapping[str, float]] = {
    "studio": {
        "bias": -1.9882, "prior": 0.2697, "named": 1.0461, "surface": 0.693, "start": 0.3091,
        "inner": 0.3436, "last": -0.1286, "d1": 0.1273, "title": -0.1388, "details": -0.1502,
        "also": 0.0033, "alias": 0.1133, "single": 0.1321, "short": -0.0046, "places": 0.6966,
        "inside": -0.0099, "shared": -0.0107, "lift_d1": 0.3453, "lift_d2": 0.2759, "lift_d3":
        0.0129, "lift_head": 0.3542, "lift_tail": 0.1559, "lift_bracket": -0.2044, "cast":
        0.6381, "style": 0.5037, "rivals": 0.0676, "rival": -0.6097, "best_lift": -0.2975,
        "whole": 0.7663, "word_before": 0.3061, "spelt": 0.0888, "lift_person": 0.2348, "d2":
        0.3318, "parent_named": -0.0128, "child_named": 0.025,
    },
    "studio?": {
        "high": 1.0837, "low": 0.6313, "shift": 0.4034, "gap": -0.1286,
    },
    "performers": {
        "bias": 0.155, "popular": 0.0606, "surface": 0.5216, "seen": -0.4541, "name": 0.2658,
        "alias": 0.0357, "single": 0.0645, "first": -0.2523, "stem": 0.2681, "also": -0.0017,
        "folder": 0.1263, "title": -0.4205, "details": 0.0979, "places": -0.085, "head": 0.2201,
        "left_hard": 0.4804, "right_hard": -0.0491, "beside": 0.4023, "inside": -0.1707,
        "tag_word": -0.6033, "shared": -0.4571, "share": 0.4418, "cast": 0.1681, "cast_known":
        0.1264, "folder_lift": 0.2269, "long": 0.4863, "weak_cast": 0.3099, "weak_folder":
        0.1329, "next_name": -0.2339, "has_named": -0.1838, "elsewhere": -0.1329, "reversed":
        0.0362, "initial": 0.0245, "typo": -0.0194,
    },
    "performers?": {
        "high": 1.2017, "low": 1.0235, "shift": 0.1069,
    },
    "date": {
        "bias": 0.0794, "prior": 0.251, "all": 0.5577, "place": 0.3055, "studio": 0.2684,
        "stem": 0.0713, "also": 0.008, "ways": -0.1844, "survey": 0.6742, "survey_place":
        0.3092, "edge": 0.0356, "others": 0.0029,
    },
    "date?": {
        "high": 0.977, "low": 1.0913, "shift": 0.0393, "gap": -0.182,
    },
    "title": {
        "bias": -1.6148, "start": 0.4526, "end": 0.5445, "first": 0.5399, "last": 0.4825,
        "inside": -0.4163, "least": 0.6825, "before": -0.6191, "after": -0.3637, "length":
        0.1567, "one_word": -1.3392, "names": -1.3176, "studio_part": 0.9664, "number_only":
        -0.0028, "number_end": -0.1896, "number_start": -0.0664, "template": 0.36, "also":
        0.188, "agreed": 0.3079, "glued": -0.0325, "whole_zone": 0.0044, "bracketed": -0.0166,
        "style": -0.1731, "zones": -0.5404, "longest": -0.0075, "rest_words": -0.1337,
        "known_words": 0.1398, "studio_style": -0.0307, "digits": -0.1949, "person_first":
        -0.2658, "person_before": 0.092, "hexlike": -0.0,
    },
    "title?": {
        "high": 1.2796, "low": 0.772, "shift": -0.1525, "gap": -0.348,
    },
    "tags": {
        "bias": -0.7618, "popular": -0.0623, "named": 0.4072, "surface": 0.6409, "seen": 0.2258,
        "in_title": 0.462, "stem": -0.407, "also": 0.0935, "folder": -0.4721, "title": 0.2,
        "details": 0.0756, "alias": -0.0334, "single": 0.5789, "inside": -0.6934, "person_word":
        -0.1378, "studio_word": -0.0621, "over_name": -0.7596, "roles": -0.048, "studio":
        0.7354, "cast": -0.1631, "place": -0.2018, "width": -0.35, "beside": -0.1414, "best":
        0.0628, "unnamed_best": 0.2352, "unnamed_sum": 0.2205, "child_named": -0.0694,
        "unnamed_width": 0.3163, "long": 0.0471, "words": -0.3502, "leaf": -0.1493, "glued":
        0.1323, "parent_named": -0.0229, "shared": -0.1673,
    },
    "tags?": {
        "high": 1.2812, "low": 0.803, "shift": 0.4011,
    },
}  # fmt: skip
