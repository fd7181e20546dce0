"""The benchmark's table."""

COLUMNS = "| row | settings | against | ratio | at the floor | required | aim | extra memory peer / package |"


COST_COLUMNS = "| row | what | over | ratio | asked, at most | package / other |"


def table(results, machine, costs=None):
    """Results as Markdown, with the machine under them.

    Args:
        results: of rows of contenders.
        machine: what `timing.machine` says.
        costs: of rows that `costs.result_of` measured.
    """
    lines = heading(COLUMNS) if results or not costs else []
    for name, result in results.items():
        lines.append(
            f"| {name} | {result['what']} | {result['against']} | **{result['ratio']:.1f}** "
            f"({', '.join(f'{ratio:.1f}' for ratio in result['ratios'])}) "
            f"| {at_the_floor(result)} | {goal(result['required'])} | {goal(result['aim'])} "
            f"| {result['peer_mebibytes']:.0f} / {result['package_mebibytes']:.0f} MiB |"
        )
    if costs:
        lines += [""] * bool(lines) + heading(COST_COLUMNS)
    for name, result in (costs or {}).items():
        lines.append(
            f"| {name} | {result['what']} | {result['over']} | **{result['ratio']:.2f}** "
            f"({', '.join(f'{ratio:.2f}' for ratio in result['ratios'])}) | {goal(result['at_most'])} "
            f"| {result['package']:.4g} / {result['other']:.4g} {result['unit']} |"
        )
    return "\n".join([*lines, "", machine_line(machine)])


def heading(columns):
    """The first two lines of a table."""
    return [columns, "| " + " | ".join(["---"] * (columns.count("|") - 1)) + " |"]


def machine_line(machine):
    """What the numbers were measured on, in a line."""
    load = "" if machine["load"] is None else f", load {machine['load'][0]:.1f} at the end"
    units = f" ({' '.join(machine['units'])})" if machine["units"] else ""
    return (
        f"{machine['gpu'] or machine['processor']}, {machine['cores']} cores, {machine['threads']} threads, "
        f"{machine['capability']}{units}, torch {machine['torch']} ({machine['libraries']}), "
        f"Python {machine['python']}{load}."
    )


def goal(ratio):
    """As it stands in the table; parts of another row have none of their own."""
    return "" if ratio is None else f"{ratio:g}"


def at_the_floor(result):
    """The ratio of a package that takes no time but that of the large operations; empty where none was timed."""
    return f"{result['peer_seconds'] / result['floor_seconds']:.1f}" if "floor_seconds" in result else ""
