"""Words that carry a direction, a cause or a comparison. Kept apart so that renderer and verifier read them alike."""

# ruff: noqa: E501 - patterns and messages read better on one line

from __future__ import annotations

UP = (
    r"(?:increas(?:e|es|ed|ing)|r(?:ise|ises|ose|isen|ising)|gr(?:ow|ows|ew|own|owing)|grow[s]?|growth|climb(?:s|ed|ing)?|gain(?:s|ed|ing)?|jump(?:s|ed|ing)?"
    r"|surg(?:e|es|ed|ing)|up|improv(?:e|es|ed|ing)|rais(?:e|es|ed|ing)|add(?:s|ed|ing)?|expand(?:s|ed|ing)?|went up|go(?:es)? up|uplift|soar(?:s|ed|ing)?)"
)
DOWN = (
    r"(?:decreas(?:e|es|ed|ing)|f(?:all|alls|ell|allen|alling)|drop(?:s|ped|ping)?|declin(?:e|es|ed|ing)|shr(?:ink|inks|ank|unk|inking)|down|cut(?:s|ting)?"
    r"|reduc(?:e|es|ed|ing)|reduction|los(?:e|es|t|ing)|loss|slip(?:s|ped|ping)?|slid(?:e|es)?|dip(?:s|ped|ping)?|lower(?:s|ed|ing)?|trim(?:s|med|ming)?"
    r"|sav(?:e|es|ed|ing)|plung(?:e|es|ed|ing)|contract(?:s|ed|ing)?|went down|go(?:es)? down)"
)
