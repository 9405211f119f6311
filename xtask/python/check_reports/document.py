"""A parser of REPORT.md into headings, sentences and tables, each with its place in the file."""

import re
from dataclasses import dataclass, field

ENTITIES = {"&amp;": "&", "&lt;": "<", "&gt;": ">", "&#64;": "@", "&#58;": ":", "&#46;": "."}
ESCAPED = "\\`*_[]#!|~$"


@dataclass
class Text:
    """Plain text with the place of each of its characters in the file."""

    text: str
    places: list[int]
    strong: bool = False

    def part(self, start: int, end: int) -> "Text":
        """The characters from `start` up to `end`."""
        return Text(self.text[start:end], self.places[start:end], self.strong)

    def append(self, other: "Text") -> None:
        """Appends another text after a space."""
        self.text += " " + other.text
        self.places += [other.places[0] - 1, *other.places]

    def span(self) -> tuple[int, int]:
        """Its place in the file: start and end."""
        return (self.places[0], self.places[-1] + 1) if self.places else (0, 0)


@dataclass
class Table:
    """A table: names of columns and rows of cells."""

    head: list[str]
    rows: list[list[Text]]
    more: int = 0


@dataclass
class Section:
    """The content below one heading. The first section has the report's name."""

    heading: str
    paragraphs: list[Text] = field(default_factory=list)
    bullets: list[Text] = field(default_factory=list)
    tables: list[Table] = field(default_factory=list)


def plain(raw: str, start: int) -> Text:
    """Markdown without escapes and stars; `start` is the place of the first character."""
    text, places, strong, i = [], [], False, 0
    while i < len(raw):
        entity = next((e for e in ENTITIES if raw.startswith(e, i)), None) if raw[i] == "&" else None
        if entity:
            text.append(ENTITIES[entity])
            places.append(start + i)
            i += len(entity)
        elif raw[i] == "\\" and i + 1 < len(raw) and raw[i + 1] in ESCAPED:
            text.append(raw[i + 1])
            places.append(start + i + 1)
            i += 2
        elif raw.startswith("**", i):
            strong = True
            i += 2
        else:
            text.append(raw[i])
            places.append(start + i)
            i += 1
    return Text("".join(text), places, strong)


def cells(line: str, start: int) -> list[Text]:
    """The cells of a line of a table."""
    borders = [m.start() for m in re.finditer(r"(?<!\\)\|", line)]
    found = []
    for left, right in zip(borders, borders[1:]):
        inside = line[left + 1:right]
        blank = len(inside) - len(inside.lstrip())
        found.append(plain(inside.strip(), start + left + 1 + blank))
    return found


def read(report: str) -> list[Section]:
    """The sections of a report without code blocks and figures. The notes of a figure belong to its caption."""
    sections = [Section("")]
    place, fence, table, caption = 0, "", None, None
    for line in report.split("\n"):
        start, place = place, place + len(line) + 1
        opened = re.match(r"`{3,}", line)
        if fence:
            fence = "" if line == fence else fence
            continue
        if opened:
            fence = opened.group()
            continue
        if line.startswith("|"):
            row = cells(line, start)
            if table is None:
                table = Table([c.text for c in row], [])
                sections[-1].tables.append(table)
            elif not re.fullmatch(r"[|:\- ]+", line):
                table.rows.append(row)
            continue
        if not line:
            table = None
            continue
        more = re.fullmatch(r"([\d,]+) more rows are in the page and in `summary\.parquet`\.", line)
        if more and sections[-1].tables:
            sections[-1].tables[-1].more = int(more.group(1).replace(",", ""))
            continue
        table = None
        if heading := re.match(r"#+ ", line):
            caption = None
            skip = heading.end()
            sections.append(Section(plain(line[skip:], start + skip).text))
        elif line.startswith("!["):
            caption = Text("", [])
        elif mark := re.match(r"[-] |> ", line):
            skip = mark.end()
            sections[-1].bullets.append(plain(line[skip:], start + skip))
        elif caption is not None and caption.text:
            caption.append(plain(line, start))
        else:
            sections[-1].paragraphs.append(plain(line, start))
            caption = sections[-1].paragraphs[-1] if caption is not None else None
    return [s for s in sections if s.heading or s.paragraphs]
