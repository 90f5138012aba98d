"""Plain numbers, printed by `python -m tests.bench.accuracy --fit CORPUS…`."""

from __future__ import annotations

from collections.abc import Mapping

COLD: Mapping[str, Mapping[str, float]] = {
    "studio": {
        "bias": 1.2371, "named": 1.2371, "surface": 1.677, "start": 1.089, "inner": 0.8343,
        "last": -1.3984, "d1": 1.2725, "d2": 0.7449, "d3": -0.4836, "details": -1.7364, "also":
        0.1633, "alias": 0.4085, "single": -1.998, "short": -4.7387, "places": 0.5117, "inside":
        -2.172, "shared": -0.8473, "parent_named": 1.9065, "child_named": -3.721, "rivals":
        0.4377, "rival": -1.0396, "whole": 0.6256, "goes_on": -7.6308, "spelt": 0.597,
    },
    "studio?": {
        "high": 0.6761, "low": 1.5426, "shift": 1.0544, "gap": 0.2389,
    },
    "performers": {
        "bias": 0.1267, "surface": 0.2154, "name": 0.8158, "alias": -1.0459, "single": 0.0501,
        "reversed": -0.0582, "initial": 0.264, "typo": 0.1009, "stem": 0.2925, "also": -0.46,
        "folder": 0.6793, "details": -0.1731, "places": 0.2121, "head": 0.3478, "left_hard":
        1.3735, "right_hard": -0.156, "beside": 1.4294, "whose": -2.0077, "inside": -4.5351,
        "tag_word": -2.7917, "shared": -1.4851, "share": 3.4418, "cast_known": -0.0071, "long":
        1.9025, "next_name": -1.8082, "has_named": -1.0858, "elsewhere": 0.4457,
    },
    "performers?": {
        "high": 0.537, "low": 1.3893, "shift": -0.9557,
    },
    "date": {
        "bias": 0.4942, "prior": 0.6425, "all": 0.6425, "stem": 0.3561, "also": 0.1381, "ways":
        -0.9038, "others": -1.369, "edge": -0.6616, "survey": 2.2879, "survey_place": 1.0233,
    },
    "date?": {
        "high": 0.9613, "low": 0.732, "shift": -0.3094, "gap": -0.6974,
    },
    "title": {
        "bias": -0.1914, "start": 0.9519, "end": 0.9794, "first": 0.2654, "last": 0.2654,
        "before": -0.4218, "after": -0.6092, "length": 0.0769, "one_word": -3.1852, "names":
        -8.8256, "studio_part": 5.6173, "number_only": -0.0021, "number_end": -2.7788,
        "number_start": 2.3611, "template": 0.1622, "also": -0.5982, "agreed": 2.0217,
        "hexlike": -1.9889, "glued": -0.5018, "whole_zone": -2.166, "bracketed": -3.9788,
        "style": -0.1622, "zones": -0.0264, "longest": 1.637, "rest_words": -0.4807,
        "studio_style": 0.2453, "digits": -2.0942,
    },
    "title?": {
        "high": 1.1348, "low": 0.2566, "shift": 0.8974, "gap": -0.0326,
    },
    "tags": {
        "bias": -0.0658, "popular": 0.0456, "named": -0.0658, "surface": 0.3698, "in_title":
        1.3841, "stem": 0.4751, "also": 0.6415, "folder": -1.8832, "details": -0.2585, "alias":
        -1.3888, "single": -0.365, "inside": -3.0289, "person_word": -0.2675, "studio_word":
        -0.5282, "over_name": -1.1061, "roles": 0.3589, "parent_named": 0.2535, "child_named":
        0.3224, "shared": -1.9775, "long": 0.0473, "words": -0.0276, "leaf": -0.6507, "glued":
        0.9504,
    },
    "tags?": {
        "high": 1.0535, "low": 0.9688, "shift": 0.0752,
    },
}  # fmt: skip

WARM: Mapping[str, Mapping[str, float]] = {
    "studio": {
        "bias": -2.2393, "prior": 0.0192, "named": 1.1337, "surface": 0.7094, "start": 0.1636,
        "inner": 0.3272, "last": -0.0312, "d1": 0.1538, "d2": 0.3392, "d3": -0.0034, "title":
        -0.1321, "details": -0.1924, "also": 0.0714, "alias": 0.0679, "single": 0.0834, "short":
        -0.1196, "places": 0.6969, "inside": -0.0243, "shared": -0.105, "lift_d1": 0.3018,
        "lift_d2": 0.3272, "lift_d3": -0.0033, "lift_head": 0.3291, "lift_tail": 0.1185,
        "lift_bracket": -0.1056, "cast": 0.5672, "style": 0.4144, "parent_named": 0.0731,
        "child_named": -0.078, "rivals": 0.0044, "rival": -0.6167, "best_lift": -0.2137,
        "whole": 0.8427, "goes_on": -0.1975, "word_before": 0.4932, "spelt": 0.316,
        "lift_person": 0.207,
    },
    "studio?": {
        "high": 1.0813, "low": 0.6473, "shift": 0.2486, "gap": -0.1742,
    },
    "performers": {
        "bias": 0.134, "popular": 0.1171, "surface": 0.4824, "seen": -0.4076, "name": 0.4425,
        "alias": -0.0087, "single": -0.054, "reversed": 0.0213, "initial": 0.0325, "first":
        -0.3116, "typo": 0.0121, "stem": 0.3257, "also": 0.0306, "folder": 0.01, "title":
        -0.4635, "details": 0.1568, "places": -0.0745, "head": 0.0745, "left_hard": 0.4545,
        "right_hard": -0.1768, "beside": 0.4492, "whose": -0.0746, "inside": -0.2464,
        "tag_word": -0.5249, "shared": -0.4343, "share": 0.4988, "cast": 0.0659, "cast_known":
        0.1166, "folder_lift": 0.1491, "long": 0.4898, "weak_cast": 0.3994, "weak_folder":
        0.1343, "next_name": -0.2339, "has_named": -0.2113, "elsewhere": -0.0318,
    },
    "performers?": {
        "high": 1.2396, "low": 1.0439, "shift": 0.0892,
    },
    "date": {
        "bias": 0.074, "prior": 0.3118, "all": 0.5599, "place": 0.2869, "studio": 0.2744,
        "stem": 0.0622, "also": 0.0118, "ways": -0.1358, "others": -0.0172, "edge": 0.015,
        "survey": 0.6462, "survey_place": 0.2832,
    },
    "date?": {
        "high": 0.9757, "low": 1.0879, "shift": 0.0409, "gap": -0.1673,
    },
    "title": {
        "bias": -1.8271, "start": 0.4833, "end": 0.5112, "first": 0.6515, "last": 0.5549,
        "inside": -0.0994, "least": 0.4748, "before": -0.5685, "after": -0.3485, "length":
        -0.1465, "one_word": -1.4609, "names": -1.1653, "studio_part": 0.8491, "number_only":
        -0.0051, "number_end": -0.2573, "number_start": 0.0751, "template": 0.2523, "also":
        0.1333, "agreed": 0.3336, "hexlike": -0.1507, "glued": -0.0386, "whole_zone": -0.186,
        "bracketed": -0.1288, "style": -0.075, "zones": -0.4243, "longest": -0.1244,
        "rest_words": -0.1957, "known_words": 0.2582, "studio_style": 0.0254, "digits": -0.2001,
    },
    "title?": {
        "high": 1.3397, "low": 0.7583, "shift": 0.2243, "gap": -0.2038,
    },
    "tags": {
        "bias": -0.7606, "popular": -0.0575, "named": 0.4213, "surface": 0.7012, "seen": 0.1512,
        "in_title": 0.3426, "stem": -0.346, "also": 0.0355, "folder": -0.2628, "title": 0.2496,
        "details": 0.0262, "alias": -0.0107, "single": 0.5503, "inside": -0.5691, "person_word":
        -0.4628, "studio_word": -0.1228, "over_name": -0.8278, "roles": 0.0451, "studio":
        0.7474, "cast": -0.1353, "place": -0.1818, "width": -0.3387, "beside": -0.1646, "best":
        0.05, "unnamed_best": 0.2038, "unnamed_sum": 0.2048, "parent_named": 0.0783,
        "child_named": 0.038, "unnamed_width": 0.3464, "long": 0.0494, "words": -0.1962, "leaf":
        -0.0169, "glued": 0.1444, "shared": -0.2508,
    },
    "tags?": {
        "high": 1.2524, "low": 0.8369, "shift": 0.3409,
    },
}  # fmt: skip
