"""Awkward shapes of a configuration: what goes in, every byte of what comes out, and what is refused."""

from certkit.earthly.section import Value
from certkit.errors import MalformedError, RefusedError

VALUES: dict[str, Value] = {"buildkit_host": "tcp://b.acme:8372", "tlsca": "./certs/acme/ca.pem", "tls_enabled": True}

BLOCK = "  buildkit_host: tcp://b.acme:8372\n  tlsca: ./certs/acme/ca.pem\n  tls_enabled: true\n"
FLOW = 'buildkit_host: "tcp://b.acme:8372", tlsca: "./certs/acme/ca.pem", tls_enabled: true'

SHAPES = {
    "empty": ("", "global:\n" + BLOCK),
    "byte order mark alone": ("\ufeff", "\ufeffglobal:\n" + BLOCK),
    "comments only": ("# mine\n\n# all mine\n", "# mine\n\n# all mine\nglobal:\n" + BLOCK),
    "comment without final newline": ("# mine", ("# mine\nglobal:\n" + BLOCK).rstrip()),
    "nothing under global": ("global:\n", "global:\n" + BLOCK),
    "nothing under global, no final newline": ("global:", ("global:\n" + BLOCK).rstrip()),
    "nothing under global but a comment": ("global: # c\n  # d\n", "global: # c\n" + BLOCK + "  # d\n"),
    "tilde": ("global: ~  # c\ngit: {}\n", "global:  # c\n" + BLOCK + "git: {}\n"),
    "null": ("global: null\n", "global:\n" + BLOCK),
    "null below": ("global:\n  null\n", "global:\n" + BLOCK + "\n"),
    "the whole file null": ("--- ~ # c\n", "--- # c\nglobal:\n" + BLOCK),
    "empty flow": ("global: {}\n", f"global: {{{FLOW}}}\n"),
    "flow with a comment": ("global: { # c\n}\n", f"global: {{{FLOW} # c\n}}\n"),
    "flow": ("global: {a: 1, b: 2} # c\n", f"global: {{{FLOW}, a: 1, b: 2}} # c\n"),
    "flow on several lines": ("global: {\n  a: 1,\n  b: 2,\n}\n", f"global: {{{FLOW},\n  a: 1,\n  b: 2,\n}}\n"),
    "flow with values, quoted as JSON": (
        '{"global":{"tlsca":"x","tls_enabled":false},"git":{}}',
        '{"global":{buildkit_host: "tcp://b.acme:8372", "tlsca":"./certs/acme/ca.pem","tls_enabled":true},"git":{}}',
    ),
    "flow all around, without global": (
        "{git: {a: {user: u}}}\n",
        f"{{global: {{{FLOW}}}, git: {{a: {{user: u}}}}}}\n",
    ),
    "flow all around, empty": ("{}", f"{{global: {{{FLOW}}}}}"),
    "flow all around, global null": ("{global: ~, git: {}}\n", f"{{global: {{{FLOW}}}, git: {{}}}}\n"),
    "global first": ("global:\n  a: 1\ngit: {}\n", "global:\n" + BLOCK + "  a: 1\ngit: {}\n"),
    "global last": ("git: {}\nglobal:\n  a: 1\n", "git: {}\nglobal:\n" + BLOCK + "  a: 1\n"),
    "global absent": ("git: {}\n# end\n", "git: {}\n# end\nglobal:\n" + BLOCK),
    "global absent, indented by four": (
        "git:\n    a: 1\n",
        "git:\n    a: 1\nglobal:\n" + BLOCK.replace("  b", "    b").replace("  t", "    t"),
    ),
    "all indented": ("  git: {}\n", "  git: {}\n  global:\n" + "".join(f"  {line}\n" for line in BLOCK.splitlines())),
    "indented by one": ("global:\n a: 1\n", "global:\n" + BLOCK.replace("  ", " ") + " a: 1\n"),
    "comment before the first key": ("global:\n  # about a\n  a: 1\n", "global:\n" + BLOCK + "  # about a\n  a: 1\n"),
    "nested deeper": (
        "global:\n  a:\n    tlsca: not mine\n    buildkit_host: nor this\n",
        "global:\n" + BLOCK + "  a:\n    tlsca: not mine\n    buildkit_host: nor this\n",
    ),
    "values there, quoted, commented": (
        ('"global":\n  \'buildkit_host\': "x"   # h\n  "tlsca":  \'y\'\n  tls_enabled: no # off\n# end\n'),
        (
            '"global":\n  \'buildkit_host\': tcp://b.acme:8372   # h\n  "tlsca":  ./certs/acme/ca.pem\n'
            "  tls_enabled: true # off\n# end\n"
        ),
    ),
    "values there already, in other words": (
        "global:\n  tlsca: \"./certs/acme/ca.pem\"\n  tls_enabled: True\n  buildkit_host: 'tcp://b.acme:8372'\n",
        "global:\n  tlsca: \"./certs/acme/ca.pem\"\n  tls_enabled: True\n  buildkit_host: 'tcp://b.acme:8372'\n",
    ),
    "a boolean in quotes is no boolean": (
        "global:\n  tls_enabled: 'true'\n",
        "global:\n" + BLOCK.replace("  tls_enabled: true\n", "") + "  tls_enabled: true\n",
    ),
    "keys without values": (
        "global:\n  buildkit_host:\n  tlsca: # c\n  tls_enabled: \n",
        "global:\n  buildkit_host: tcp://b.acme:8372\n  tlsca: ./certs/acme/ca.pem # c\n  tls_enabled: true \n",
    ),
    "values on several lines": (
        "global:\n  buildkit_host: tcp://\n    old:1\n  tlsca: 'a\n\n    b' # c\n  tls_enabled:\n    false\n",
        "global:\n  buildkit_host: tcp://b.acme:8372\n  tlsca: ./certs/acme/ca.pem # c\n  tls_enabled:\n    true\n",
    ),
    "block and folded scalars": (
        "global:\n  buildkit_host: >-\n    tcp://\n    old:1\n\n  tlsca: |+ # c\n    old\n\n  tls_enabled: false\n",
        "global:\n  buildkit_host: tcp://b.acme:8372\n\n  tlsca: ./certs/acme/ca.pem # c\n\n  tls_enabled: true\n",
    ),
    "a block scalar that keeps its end": (
        "global:\n  a: |+\n    text\n\n",
        "global:\n" + BLOCK + "  a: |+\n    text\n\n",
    ),
    "aliases as values": (
        "git: &x {}\nca: &ca old\nglobal:\n  tlsca: *ca\n  a: *x\n",
        (
            "git: &x {}\nca: &ca old\nglobal:\n  buildkit_host: tcp://b.acme:8372\n  tls_enabled: true\n"
            "  tlsca: ./certs/acme/ca.pem\n  a: *x\n"
        ),
    ),
    "anchor and tag on a value": (
        "global:\n  tlsca: &unused !!str old\n",
        "global:\n  buildkit_host: tcp://b.acme:8372\n  tls_enabled: true\n  tlsca: ./certs/acme/ca.pem\n",
    ),
    "anchor on global": ("global: &g !!map # c\n  a: 1\n", "global: &g !!map # c\n" + BLOCK + "  a: 1\n"),
    "anchor on a key": ("global:\n  &k a: 1\nx: *k\n", "global:\n" + BLOCK + "  &k a: 1\nx: *k\n"),
    "merge key": (
        "x: &x {tlsca: old}\nglobal:\n  <<: *x\n  a: 1\n",
        "x: &x {tlsca: old}\nglobal:\n" + BLOCK + "  <<: *x\n  a: 1\n",
    ),
    "marks": ("%YAML 1.1\n---\na: 1\n...\n", "%YAML 1.1\n---\na: 1\nglobal:\n" + BLOCK + "...\n"),
    "marks alone": ("--- # c\n", "--- # c\nglobal:\n" + BLOCK),
    "a second document": ("a: 1\n---\nglobal: no\n", "a: 1\nglobal:\n" + BLOCK + "---\nglobal: no\n"),
    "a second document behind an end": (
        "global:\n  a: 1\n...\n--- x\n",
        "global:\n" + BLOCK + "  a: 1\n...\n--- x\n",
    ),
    "a second document that is no YAML": ("a: 1\n--- \nb: [\n", "a: 1\nglobal:\n" + BLOCK + "--- \nb: [\n"),
    "a version that the client refuses": ("%YAML 1.2\n---\na: 1\n", "%YAML 1.2\n---\na: 1\nglobal:\n" + BLOCK),
    "tabs after colons": (
        "global:\t\n  tlsca:\told\n  a:\tb\t\n",
        (
            "global:\t\n  buildkit_host: tcp://b.acme:8372\n  tls_enabled: true\n"
            "  tlsca:\t./certs/acme/ca.pem\n  a:\tb\t\n"
        ),
    ),
    "tabs before comments": (
        "global:\t# c\n  tlsca: old\t# d\n  tls_enabled:\t# e\n",
        (
            "global:\t# c\n  buildkit_host: tcp://b.acme:8372\n  tlsca: ./certs/acme/ca.pem\t# d\n"
            "  tls_enabled: true\t# e\n"
        ),
    ),
    "JSON indented by tabs": (
        '{\n\t"global": {\n\t\t"tlsca":\t"x"\n\t}\n}\n',
        (
            '{\n\t"global": {buildkit_host: "tcp://b.acme:8372", tls_enabled: true,'
            '\n\t\t"tlsca":\t"./certs/acme/ca.pem"\n\t}\n}\n'
        ),
    ),
    "JSON without global, indented by tabs": (
        '{\n\t"git": {}\n}\n',
        f'{{global: {{{FLOW}}},\n\t"git": {{}}\n}}\n',
    ),
    "CRLF": ("a: 1\r\nglobal:\r\n  b: 2\r\n", ("a: 1\nglobal:\n" + BLOCK + "  b: 2\n").replace("\n", "\r\n")),
    "byte order mark": ("\ufeffglobal:\n  a: 1", "\ufeffglobal:\n" + BLOCK + "  a: 1"),
    "byte order mark, values there": (
        "\ufeffglobal: {tlsca: x}",
        ('\ufeffglobal: {buildkit_host: "tcp://b.acme:8372", tls_enabled: true, tlsca: "./certs/acme/ca.pem"}'),
    ),
    "not only ASCII": (
        "# Größe \U0001f600\u2028é: '\u2029'\nglobal:\n  tlsca: é\n  ü: ß",
        (
            "# Größe \U0001f600\u2028é: '\u2029'\nglobal:\u2028  buildkit_host: tcp://b.acme:8372\u2028"
            "  tls_enabled: true\n  tlsca: ./certs/acme/ca.pem\n  ü: ß"
        ),
    ),
    "an explicit key with a value that is there": (
        "global:\n  a: 1\n  ? tlsca\n  : old\n",
        (
            "global:\n  buildkit_host: tcp://b.acme:8372\n  tls_enabled: true\n  a: 1\n"
            "  ? tlsca\n  : ./certs/acme/ca.pem\n"
        ),
    ),
}

REFUSALS = {
    "anchor used elsewhere": ("global:\n  a: 1\n  tlsca: &ca old\nca: *ca\n", RefusedError, "line 3"),
    "anchor on global used elsewhere": ("a: 1\nglobal: &g\n  a: 1\nb: *g\n", RefusedError, "line 2"),
    "global an alias": ("a: &a {}\nglobal: *a\n", RefusedError, "line 2"),
    "global merged from elsewhere": ("a: &a {global: {b: 1}}\n<<: *a\n", RefusedError, "line 2"),
    "a key that is an alias": ("a: &a tlsca\nglobal:\n  *a : old\n", RefusedError, "line 3"),
    "global twice": ("global:\n  a: 1\nglobal:\n  b: 1\n", RefusedError, "line 3"),
    "a key twice": ("global:\n  tlsca: a\n  tlsca: b\n", RefusedError, "line 3"),
    "explicit keys": ("global:\n  ? a\n  : 1\n", RefusedError, "line 2"),
    "explicit global": ("a: 1\n? global\n: b: 1\n", RefusedError, "line 3"),
    "explicit key without value": ("global:\n  a: 1\n  ? tlsca\nb: 1\n", RefusedError, "line 3"),
    "flow keys without values": ("{a: 1,\n global}\n", RefusedError, "line 2"),
    "a list as value": ("global:\n  tlsca: [a]\n", RefusedError, "line 2"),
    "last line a block scalar, unfinished": ("a: 1\nb: |\n  c", RefusedError, "line 1"),
    "global a text": ("a: 1\nglobal: text\n", MalformedError, "line 2"),
    "global a list": ("global:\n- a\n", MalformedError, "line 2"),
    "a list": ("- a\n", MalformedError, "line 1"),
    "a text": ("text\n", MalformedError, "line 1"),
    "tabs": ("global:\n\ta: 1\n", MalformedError, "line 2"),
    "not YAML": ("a: 1\nglobal: {\n", MalformedError, "line 3"),
    "unknown alias": ("a: 1\nb: *c\n", MalformedError, "line 2"),
    "a control character": ("a: 1\nb: \x1b[2J\n", MalformedError, "line 2"),
    "nested too deeply": ("a:\n  " + "[" * 300 + "]" * 300 + "\n", RefusedError, "line 2"),
    "anchor on a line of its own": ("global:\n  &g\n  a: 1\n", RefusedError, "line 1"),
    "nested a hundred thousand times": ("a:\n" + "[" * 100_000, MalformedError, "line 2"),
}
