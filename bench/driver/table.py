"""Numbers as markdown, and their place in a document."""

import re
import statistics


def number(value):
    """Three digits that say something."""
    if value >= 1000:
        return f"{value:,.0f}"
    if value >= 100:
        return f"{value:.0f}"
    if value >= 10:
        return f"{value:.1f}"
    return f"{value:.2f}"


def ratio(values):
    """Ours to the peer's: the median of pairs measured one after the other, and between what they lie."""
    pairs = [ours / peer for peer, ours in zip(values["official"], values["steadfast"]) if peer]
    if not pairs:
        return ""
    middle = f"**{statistics.median(pairs):.2f}**"
    return middle if len(pairs) == 1 else f"{middle} ({min(pairs):.2f}–{max(pairs):.2f})"


def table(head, rows):
    """A markdown table, the numbers to the right."""
    lines = [head, ["---"] + ["---:"] * (len(head) - 1), *rows]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)


def write(path, sections):
    """Puts each section between its markers: `<!-- bench:NAME -->` and `<!-- /bench -->`."""
    with open(path) as file:
        text = file.read()
    missing = []
    for name, content in sections.items():
        place = re.compile(rf"(<!-- bench:{re.escape(name)} -->\n).*?(<!-- /bench -->)", re.DOTALL)
        if not place.search(text):
            missing.append(name)
        text = place.sub(lambda found: f"{found[1]}{content}\n{found[2]}", text)
    with open(path, "w") as file:
        file.write(text)
    return missing
