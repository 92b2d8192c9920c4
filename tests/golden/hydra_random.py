"""Random configuration trees with random overrides; a seed gives the same cases everywhere."""
import random

KEYS = ["x", "y", "z", "host", "port", "name", "opts", "n1"]
TOP = ["lr", "name", "model", "data", "tags", "seed_", "x", "y"]
GROUPS = ["db", "srv", "db/engine", "exp"]
OPTIONS = ["a", "b", "c"]
PACKAGES = ["_global_", "alt", "alt.inner", "_group_", "_here_", "_global_.glob"]
SCALARS = [
    "1", "-3", "0", "007", "010", "0o10", "0x1F", "0b11", "1_000", "+5", "1.5", "-0.0", "1e3",
    "1.5e-7", "1e16", ".5", "3.", "6.02e+23", ".inf", "-.inf", ".nan", "true", "False", "yes", "No",
    "on", "OFF", "y", "n", "null", "~", "", "text", "two words", "'quoted'", '"dq"', "'10'",
    '"1.0"', "'true'", "'null'", "''", "2024-01-02", "12:30:45", "1:30", "a:b", "/path/to", "a-b",
    "100%", "'#no'", "'a: b'", "\"tab\\tline\\n\"", "ümlaut", "'- x'", "???", "'it''s'", "1e5x",
    "'@at'", "infinity", "nan", "1__0", "0.1_2", "'???'", "star", "1.5_e3", "0x_1", "1:2:3.5",
    "a  b", "!!str 5", "!!int '7'", "!!float 3",
    "a long text with many words that goes well beyond the eightieth column of its line, yes",
    "'quoted: a long text with many words that goes beyond the eightieth column, # really'",
]
INTERPOLATIONS = [
    "${x}", "${name}", "${lr}", "${model.x}", "${db.host}", "${.x}", "${..x}", "${.name}",
    "${tags[0]}", "${tags.1}", "pre_${x}", "${x}_${y}", "${model}", "${data.opts}", "${oc.env:HOME_X}",
    "${oc.env:NOPE_X,fallback}", "${oc.env:NOPE_X,null}", "${oc.select:nope,7}", "${oc.select:x}",
    "${oc.decode:'[1,2]'}", "${db}", "${model.${name}}", "${oc.create:{a:1}}",
    "${oc.env:NOPE_X,${x}}", "a\\${x}", "${srv.port}:${db.port}", "${now:%Y}", "${[x]}",
    "${oc.dict.keys:model}", "${oc.dict.values:data}", "${oc.decode:${lr}}",
]
VALUES = [
    "1", "2.5", "true", "False", "null", "abc", "'q s'", '"d q"', "[1,2,3]", "[]", "{}", "{x:1,y:2}",
    "{x:{y:[1,a]}}", "[a,[b,c],{k:v}]", "", "1e-3", "a/b.c", "a b", "-5", "${x}", "${model.x}",
    "'${x}'", "pre${x}", "a\\,b", "a\\=b", "a:b", "x=y", "inf", "nan", "NULL", "[${x},2]", "{a:${x}}",
    "???", "'???'", "0", "007", "1_000", "int(3.7)", "str(5)", "float(2)", "bool(true)", "a\\ b",
    "[x , y]", "{ x : 1 }", "sort(3,1,2)", "1,2", "range(1,5)", "choice(a,b)", "glob(*)", "'a\\'b'",
    "{a}", "[1,", "a'b", "\\\\", "${oc.env:HOME_X}", "{1:a}", "{true:x}", "{a:1,a:2}", "@x", "a#b",
    "+3", "é", "str([1,true])", "int('12')", "unknown(1)", "{x: 1, host: h}", "'''", "10GB", "$x",
]


class Maker:
    def __init__(self, rng):
        self.rng = rng
        self.doubt = rng.choice([0.0, 0.04, 0.2])  # how often a value is an interpolation
        self.listed = []

    def chance(self, p):
        return self.rng.random() < p

    def scalar(self):
        if self.chance(self.doubt):
            value = self.rng.choice(INTERPOLATIONS)
            return value
        if self.chance(0.35):
            return str(self.rng.choice([1, 2, 3, 0.5, "s", "text", "true"]))
        return self.rng.choice(SCALARS)

    def body(self, keys, depth=0, indent=""):
        lines = []
        count = self.rng.randint(1, 4 if depth == 0 else 3)
        for key in self.rng.sample(keys, min(count, len(keys))):
            roll = self.rng.random()
            if roll < 0.24 and depth < 2:
                lines.append(f"{indent}{key}:")
                lines.append(self.body(KEYS, depth + 1, indent + "  "))
            elif roll < 0.36:
                lines.append(f"{indent}{key}:")
                for _ in range(self.rng.randint(1, 3)):
                    if self.chance(0.2):
                        lines.append(f"{indent}- {self.rng.choice(KEYS)}: {self.scalar()}")
                    else:
                        lines.append(f"{indent}- {self.scalar()}")
            elif roll < 0.42:
                flow = self.rng.choice(["[]", "{}", "[1, two, 3.0]", "{x: 1, y: [a]}", "[[1], {z: q}]"])
                lines.append(f"{indent}{key}: {flow}")
            else:
                lines.append(f"{indent}{key}: {self.scalar()}".rstrip())
        return "\n".join(lines)

    def group_key(self, groups, local=""):
        group = self.rng.choice(groups)
        key = group
        if local and group.startswith(local + "/"):
            key = group[len(local) + 1:]
        elif local:
            key = "/" + group
        elif self.chance(0.1):
            key = "/" + group
        if self.chance(0.2):
            key += "@" + self.rng.choice(PACKAGES + ["p1", "p2"])
        return key

    def option(self):
        roll = self.rng.random()
        if roll < 0.05:
            return "null"
        if roll < 0.06:
            return "missing"
        if roll < 0.07:
            return "???"
        if roll < 0.18:
            return "[" + ", ".join(self.rng.sample(OPTIONS, 2)) + "]"
        if roll < 0.22:
            return "${db}"
        return self.rng.choice(OPTIONS)

    def defaults(self, groups, local="", top=False):
        lines = ["defaults:"]
        chosen = []
        for _ in range(self.rng.randint(1, 4 if top else 2)):
            key = self.group_key(groups, local)
            if key in chosen and not self.chance(0.1):
                continue
            chosen.append(key)
            if top:
                self.listed.append(key.lstrip("/"))
            prefix = "optional " if self.chance(0.12) else ""
            lines.append(f"- {prefix}{key}: {self.option()}")
        if self.chance(0.7):
            lines.insert(self.rng.randint(1, len(lines)), "- _self_")
        if top and self.chance(0.12):
            lines.insert(1, "- " + self.rng.choice(["base", "/base", "base@p1", "db/a"]))
        if self.chance(0.2):
            target = self.rng.choice(chosen).split("@")[0]
            if target and not target.startswith("/"):
                target = "/" + ((local + "/") if local else "") + target
            at = "@" + self.rng.choice(["_global_", "p1", "alt"]) if self.chance(0.2) else ""
            lines.append(f"- override {target}{at}: {self.rng.choice(OPTIONS)}")
        return "\n".join(lines)

    def override(self, groups):
        roll = self.rng.random()
        key = self.rng.choice(TOP + KEYS)
        if self.chance(0.5):
            key = self.rng.choice(["model", "data", "db", "srv", "opts", "exp", "tags"]) + "." + \
                self.rng.choice(KEYS + ["0", "1"])
        if roll < 0.22:
            group = self.rng.choice(groups)
            at = "@" + self.rng.choice(["_global_", "p1", "alt", "db"]) if self.chance(0.15) else ""
            sign = self.rng.choice(["", "", "", "", "+", "+", "~", "~", "++"])
            if self.listed and self.chance(0.8):
                group, at = self.rng.choice(self.listed), ""
                sign = self.rng.choice(["", "", "", "~"])
                if "_here_" in group or "_group_" in group:
                    sign = "+"
            value = self.rng.choice(OPTIONS * 4 + ["missing", "null", "[a,b]"])
            if sign == "~" and self.chance(0.6):
                return f"~{group}{at}"
            return f"{sign}{group}{at}={value}"
        if roll < 0.27:
            return f"~{key}" + ("=" + self.rng.choice(VALUES) if self.chance(0.25) else "")
        sign = self.rng.choice(["", "+", "++", "++", "++", "++", "++", "++"])
        values = VALUES if self.chance(0.6) else VALUES[:22]
        return f"{sign}{key}={self.rng.choice(values)}"

    def case(self):
        groups = self.rng.sample(GROUPS[:2], self.rng.randint(1, 2))
        if "db" in groups and self.chance(0.5):
            groups.append("db/engine")
        if self.chance(0.3):
            groups.append("exp")
        files = {}
        header = "" if self.chance(0.93) else f"# @package {self.rng.choice(PACKAGES)}\n"
        primary = self.defaults(groups, top=True) + "\n" if self.chance(0.9) else ""
        files["main/config.yaml"] = header + primary + self.body(TOP) + "\n"
        files["main/base.yaml"] = self.body(TOP) + "\n"
        for group in groups:
            for name in OPTIONS:
                if self.chance(0.04):
                    continue
                header = f"# @package {self.rng.choice(PACKAGES)}\n" if self.chance(0.25) else ""
                inner = [other for other in groups if other != group]
                defaults = ""
                if inner and self.chance(0.14):
                    defaults = self.defaults(inner, group) + "\n"
                files[f"main/{group}/{name}.yaml"] = header + defaults + self.body(KEYS) + "\n"
        count = self.rng.choice([0, 0, 1, 1, 1, 2, 3])
        overrides = [self.override(groups) for _ in range(count)]
        case = {"files": files, "overrides": overrides, "env": {"HOME_X": "home"}}
        if self.chance(0.2):
            case["with_hydra"] = True
        if self.chance(0.1):
            case["dirs"] = ["more"]
            files["more/db/a.yaml"] = self.body(KEYS) + "\n"
            files["more/extra/e.yaml"] = self.body(KEYS) + "\n"
            case["overrides"].append("+extra=e")
        return case


def cases(seed, count):
    for index in range(count):
        rng = random.Random(f"{seed}/{index}")
        yield {"id": index, **Maker(rng).case()}
