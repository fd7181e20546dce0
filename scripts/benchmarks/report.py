"""The benchmark's table."""

COLUMNS = "| row | settings | against | ratio | at the floor | required | aim | extra memory peer / package |"


def table(results, machine):
    """Results as Markdown, with the machine under them."""
    lines = [COLUMNS, "| " + " | ".join(["---"] * (COLUMNS.count("|") - 1)) + " |"]
    for name, result in results.items():
        ratios = ", ".join(f"{ratio:.1f}" for ratio in result["ratios"])
        lines.append(
            f"| {name} | {result['what']} | {result['against']} | **{result['ratio']:.1f}** ({ratios}) "
            f"| {at_the_floor(result)} | {goal(result['required'])} | {goal(result['aim'])} "
            f"| {result['peer_mebibytes']:.0f} / {result['package_mebibytes']:.0f} MiB |"
        )
    load = "" if machine["load"] is None else f", load {machine['load'][0]:.1f} at the end"
    lines += [
        "",
        f"{machine['gpu'] or machine['processor']}, {machine['cores']} cores, {machine['threads']} threads, "
        f"{machine['capability']}, torch {machine['torch']}, Python {machine['python']}{load}.",
    ]
    return "\n".join(lines)


def goal(ratio):
    """As it stands in the table; parts of another row have none of their own."""
    return "" if ratio is None else f"{ratio:g}"


def at_the_floor(result):
    """The ratio of a package that takes no time but that of the large operations; empty where none was timed."""
    return f"{result['peer_seconds'] / result['floor_seconds']:.1f}" if "floor_seconds" in result else ""
