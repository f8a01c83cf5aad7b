"""Configurations as people might write them, in every style of YAML, made by hypothesis."""

from hypothesis import strategies as st

PLAIN = st.sampled_from(["former", "1", "true", "no", "~", "tcp://former:1", "./former", "a b", "é", "2020-01-01"])
QUOTED = st.sampled_from(["'former'", '"former"', '"a: #b"', "'it''s'", '"\\u00e9\\n"', "''"])
BLOCK_SCALARS = st.sampled_from(["|", ">-", "|+", ">", "|2-"])
COMMENTS = st.sampled_from(["", "", " # comment", "  # global: tlsca: x", "\t# tab"])
NAMES = st.sampled_from(["cache_size_mb", "a", "'b c'", '"d"', "é", "f-g"])
KEYS = ["buildkit_host", "tlsca", "tlscert", "tlskey", "tls_enabled", "'tlsca'", '"tlskey"']
INDENTS = st.sampled_from([1, 2, 2, 2, 4, 8])
BETWEEN = st.sampled_from(["", "", "", "\n", "# between\n", "   # between, former\n", "\n\n"])


@st.composite
def values(draw: st.DrawFn, indent: str, number: int) -> str:
    """Make the text behind a key's colon, to the end of its last line."""
    comment = draw(COMMENTS)
    head, end = draw(BLOCK_SCALARS), draw(st.sampled_from(["", "\n", "\n\n"]))
    ways = [
        f" {draw(PLAIN)}{comment}\n",
        f" {draw(QUOTED)}{comment}\n",
        f" {head}{comment.expandtabs(1)}\n{indent}  former\n{indent}  former\n{end}",
        f" *known{comment}\n",
        f" &unused{number} former{comment}\n",
        f" 'former\n{indent}  former'{comment}\n",
        f"{comment}\n{indent}    former\n",
        f"{comment}\n",
    ]
    return draw(st.sampled_from(ways))


@st.composite
def block_section(draw: st.DrawFn) -> str:
    """Make `global` with a mapping in block style below."""
    indent = " " * draw(INDENTS)
    names = draw(st.lists(st.sampled_from(KEYS) | NAMES, max_size=6, unique_by=lambda name: name.strip("'\"")))
    lines = [f"{draw(BETWEEN)}{indent}{name}:{draw(values(indent, number))}" for number, name in enumerate(names)]
    if draw(st.booleans()):
        lines.append(f"{indent}<<: *base\n")
    head = draw(st.sampled_from(["global", "'global'", '"global"'])) + ":"
    return head + draw(st.sampled_from(["", " &section", " !!map"]) if lines else st.just("")) + "\n" + "".join(lines)


@st.composite
def flow_section(draw: st.DrawFn) -> str:
    """Make `global` with a mapping in flow style, on one line or several."""
    names = draw(st.lists(st.sampled_from(KEYS) | NAMES, max_size=4, unique_by=lambda name: name.strip("'\"")))
    pairs = [f"{name}: {draw(QUOTED | PLAIN)}" for name in names]
    comma, end = draw(st.sampled_from([(", ", ""), (",\n    ", "\n  "), (", # c\n  ", " # d\n  "), (" , ", " ")]))
    return "global: {" + comma.join(pairs) + end + "}" + draw(st.sampled_from(["", " # c"])) + "\n"


NULL_SECTIONS = st.sampled_from(["global:\n", "global: ~\n", "global: null # c\n", "global:\n  # c\n", "global:   \n"])
AROUND = st.sampled_from(
    [
        "git:\n  h:\n    user: u # c\n",
        "é: [1, {global: 2}]\n",
        "# comment\n\n",
        "text: |+\n  global:\n    tlsca: x\n\n",
        "'q': \"\\\n  x\"\n",
        "list:\n- global: 1\n-\n  tlsca: y\n",
    ]
)


@st.composite
def configurations(draw: st.DrawFn) -> str:
    """Make a whole configuration."""
    section = draw(st.one_of(st.just(""), block_section(), block_section(), flow_section(), NULL_SECTIONS))
    around = draw(st.lists(AROUND, unique=True, max_size=3))
    cut = draw(st.integers(0, len(around)))
    anchors = "known: &known former\nbase: &base {tlsca: former, other: 1}\n"
    text = "".join([anchors, *around[:cut], section, *around[cut:]])
    text = draw(st.sampled_from(["", "", "---\n", "%YAML 1.1\n--- # c\n", "# top\n"])) + text
    text = draw(st.sampled_from([text, text, text + "...\n", text.rstrip("\n")]))
    text = text.replace("\n", draw(st.sampled_from(["\n", "\n", "\r\n", "\r"])))
    return draw(st.sampled_from(["", "", "\ufeff"])) + text


def hostile() -> st.SearchStrategy[bytes]:
    """Make what might be thrown at a reader of YAML: tokens in any order, texts, bytes."""
    tokens = ["global", "tlsca", ":", ": ", "\n", "\n  ", " ", "{", "}", "[", "]", ",", "? ", "- ", "&a ", "*a", "<<"]
    tokens += ["|", ">-", "'", '"', "#", " # c", "!!str ", "!", "---\n", "...\n", "\t", "\r\n", "\ufeff", "\x85", "~"]
    mixed = st.lists(st.sampled_from(tokens), max_size=20).map("".join)
    return st.one_of(mixed, mixed.map("global:\n  tlsca: ".__add__), st.text(max_size=50)).map(
        lambda text: text.encode("utf-8", "surrogatepass")
    ) | st.binary(max_size=30)


SCALARS = st.sampled_from(
    [
        "~",
        "5",
        "-5",
        "+5",
        "0",
        "00",
        "017",
        "08",
        "0o17",
        "0x1F",
        "0X1f",
        "0b11",
        "1_0",
        "1.5",
        "1e3",
        "1e999",
        ".5",
        ".",
        "1.",
        "+.inf",
        ".NaN",
        "-",
        "--",
        "20GB",
        "50%",
        "true",
        "TRUE",
        "tRUE",
        "y",
        "yes",
        "Off",
        "on",
        "null",
        "10s",
        "1h30m",
        "10",
        "-1.5s",
        "s",
        "1d",
        "2020-01-01",
        "2020-02-30",
        "1:30",
        "<<",
        "2020-01-01T01:02:03Z",
        "65535",
        "65536",
        "0.5",
        "=",
        "é",
        "2020-01-01t01:02:03.5+01:00",
        "9223372036854775807",
        "9223372036854775808",
        "18446744073709551615",
        "18446744073709551616",
        "-9223372036854775808",
        "[]",
        "{}",
        "[{}]",
        "*known",
        "*base",
        "*list",
        "[*known]",
        "[~]",
        "-0.5",
    ]
) | st.sampled_from(["", "a b", "a\tb", "2020-1-1 1:2:3", "[a, 1]", "{a: b}", "{a: 1, a: 2}"])
TAGS = st.sampled_from(["", "", "", "!!str ", "!!int ", "!!float ", "!!bool ", "!!null ", "!foo ", "! ", "!!binary "])
TYPED_KEYS = st.sampled_from(
    [
        "cache_size_mb",
        "cni_mtu",
        "darwin_proxy_wait",
        "tls_enabled",
        "tlsca",
        "buildkit_additional_args",
        "unknown",
        "buildkit_host",
    ]
) | st.sampled_from(["container_frontend", "<<", "'tlsca'", "? tlsca\n  ", "*known ", "1", "~", "[a]"])
HOST_KEYS = st.sampled_from(["port", "auth", "user", "strict_host_key_checking"])


@st.composite
def typed_values(draw: st.DrawFn) -> str:
    """Make a value of any type, in any quotes, with any tag."""
    value = draw(SCALARS)
    if value[:1] not in ("", "[", "{", "*"):
        quote = draw(st.sampled_from(["", "", "", "'", '"']))
        value = draw(TAGS) + quote + value + quote
    return value + draw(st.sampled_from(["", "", "\t", " # c", "\t# c"]))


@st.composite
def typed(draw: st.DrawFn) -> str:
    """Make a configuration with values of all types at all keys, some of them twice, merged or referred to."""
    anchors = "known: &known 5\nbase: &base {tlsca: x, cache_size_mb: 7}\nlist: &list [*base, {cni_mtu: 1}]\n"
    entries = draw(st.lists(st.tuples(TYPED_KEYS, typed_values()), max_size=4))
    section = "".join(f"  {key}: {value}\n" for key, value in entries)
    hosts = draw(st.lists(st.tuples(HOST_KEYS, typed_values()), max_size=3))
    git = "".join(f"    {key}: {value}\n" for key, value in hosts)
    return anchors + f"global:\n{section}" + (f"git:\n  github.com:\n{git}" if draw(st.booleans()) else "")
