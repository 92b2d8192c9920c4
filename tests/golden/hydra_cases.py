"""Chosen cases: one behaviour each. FIXTURES are configuration folders shared by many cases."""

FIXTURES = {
    "basic": {
        "main/config.yaml": "lr: 0.1\nname: run\nflag: true\nnone: null\nmodel:\n  size: 3\n  deep:\n    x: 1\n"
                            "list: [1, two, {k: v}]\nref: ${model.size}\nneed: ???\n",
    },
    "groups": {
        "main/config.yaml": "defaults:\n- _self_\n- db: mysql\n- optional srv: none_such\n- nested/inner: one\n"
                            "name: app\n",
        "main/other.yaml": "defaults:\n- config\n- _self_\nname: other\n",
        "main/nothing.yaml": "",
        "main/db/mysql.yaml": "host: localhost\nport: 3306\n",
        "main/db/postgres.yaml": "host: remote\nuser: pg\n",
        "main/db/global.yaml": "# @package _global_\ndb_global: true\n",
        "main/db/renamed.yaml": "# @package database.main\nhost: renamed\n",
        "main/db/extends.yaml": "defaults:\n- mysql\n- _self_\nport: 1\n",
        "main/srv/apache.yaml": "defaults:\n- /db@inner: postgres\ntimeout: 10\n",
        "main/srv/nginx.yaml": "timeout: 20\nworkers: ${db.port}\n",
        "main/nested/inner/one.yaml": "v: 1\n",
        "main/nested/inner/two.yaml": "v: 2\n",
        "more/db/extra.yaml": "host: extra\n",
        "more/db/mysql.yaml": "host: shadowed\n",
        "more/tool/hammer.yaml": "weight: 2\n",
    },
    "shinka": {
        "main/config.yaml": "defaults:\n- _self_\n- database@_global_: small\n- task@_global_: circle\n"
                            "- cluster@_global_: local\n- variant@_global_: default\n\nverbose: false\n"
                            "results_dir: results\nrun_name: ${now:%Y.%m.%d}${now:%H%M%S}\n"
                            "output_dir: ${results_dir}/${exp_name}/${run_name}${variant_suffix}\n"
                            "hydra:\n  run:\n    dir: ${output_dir}\n",
        "main/database/small.yaml": "db_config:\n  _target_: a.DatabaseConfig\n  num_islands: 2\n",
        "main/database/large.yaml": "db_config:\n  _target_: a.DatabaseConfig\n  num_islands: 5\n",
        "main/task/circle.yaml": "exp_name: circle\nevo_config:\n  language: python\n  init: initial.py\n"
                                 "shared:\n  eval_program_path: evaluate.py\n",
        "main/task/other.yaml": "exp_name: other\nevo_config:\n  language: rust\n",
        "main/cluster/local.yaml": "job_config:\n  _target_: a.LocalJobConfig\n"
                                   "  eval_program_path: ${shared.eval_program_path}\n",
        "main/cluster/remote.yaml": "job_config: ${shared}\n",
        "main/cluster/gcp.yaml": "defaults:\n- remote@_global_\njob_config:\n  partition: a3\n",
        "main/variant/default.yaml": "variant_suffix: _default\n",
        "main/variant/big.yaml": "defaults:\n- override /database@_global_: large\n"
                                 "- override /cluster@_global_: gcp\n- _self_\nvariant_suffix: _big\n",
        "main/variant/wrong_order.yaml": "defaults:\n- _self_\n- override /database@_global_: large\n"
                                         "- override /cluster@_global_: gcp\nvariant_suffix: _w\n",
    },
}

# The value part of an override; each is tried with "++v=".
VALUES = r"""
1|-1|+1|0|00|01|-0|1_000|1__0|_1|1_|0x10|0b1|0o7|9223372036854775807|9223372036854775808|-99999999999999999999
1.0|1.|.5|-.5|+.5|1e3|1E3|1e+3|1e-3|1.5e3|1_0.5_0|.e3|1e|inf|-inf|+INF|nan|NaN|-nan|infinity|1.0.0|1e400|0.1
true|True|TRUE|false|fAlSe|yes|no|on|off|null|Null|NULL|none|~|nulls|trueish
abc|a-b|a_b|a.b|a/b|/abs/path|./rel|../up|~/home|C:/x|a:b|a:b:c|http://h:80/p|a@b|a%b|a*b|a?b|a\|b|$a|a$b|100%|*|?|@|.|..|/|-|--x|+|\\
a b|a  b|  a|a  | a b |a\tb|a\ b|\ a|a\,b|a\=b|a\:b|a\\b|\\\\|a\[b\]|a\(b\)|a\{b\}|a\b|a=b|=a|a#b|#a|a;b|a&b|a!b|a<b|a^b|é|日本
'a'|"a"|''|""|'a b'|"a b"|'1'|"true"|'null'|'a\'b'|"a\"b"|"a'b"|'a"b'|'a\\'|'a\\\'b'|'a\b'|'\\'|'\''|'a'b|a'b'|'a''b'|'a|"a|'${lr}'|"${name}x"|'a' |'a=b'|'a,b'|'[1]'|'${'|'\n'
[]|[1]|[1,2]|[1, 2]|[ 1 , 2 ]|[a,'b c',1.5,null,true]|[[1],[2,[3]]]|[{a:1},{b:2}]|[1,]|[,1]|[|]|[1 2]|[a b]|['a', "b"]|[a:b]|[1,2|[\,]|[${lr},x]
{}|{a:1}|{a: 1}|{ a : 1 }|{a:1,b:2}|{a:{b:{c:1}}}|{a:[1,{b:2}]}|{1:a}|{1.5:a}|{true:a}|{null:a}|{'a':1}|{a}|{a:}|{:1}|{a:1,}|{a:1,a:2}|{1:a,true:b}|{a b:1}|{a-b:1}|{a.b:1}|{$x:1}|{a:b:c}|{${lr}:1}|{a:${lr}}|{|{a:1
${lr}|${model.size}|x${lr}|${lr}x|${lr}${name}|${.lr}|${..lr}|${nope}|${|${}|${lr|${list[0]}|${list.1}|${list[2].k}|${list[9]}|${list.k}|${model[deep].x}|${model.deep}|${model[size]}|${[lr]}|${need}|${v}|\${lr}|\\${lr}|\\\${lr}
${oc.env:HOME_X}|${oc.env:NOPE}|${oc.env:NOPE,d}|${oc.env:NOPE,null}|${oc.env:NOPE,1.50}|${oc.env:NOPE,'a b'}|${oc.env:}|${oc.env:A,B,C}|${oc.env:NOPE,${name}}|"${oc.env:NOPE,${name}}"|"${oc.env:NOPE,a b}"|"${oc.env:NOPE,[1,x]}"|"${oc.env:NOPE,{a: 1}}"
"${oc.select:lr}"|"${oc.select:nope}"|"${oc.select:nope,7}"|"${oc.select:need,8}"|"${oc.select:model}"|"${oc.select:lr.x,9}"|"${oc.decode:'[1, 2]'}"|"${oc.decode:'{a: ${lr}}'}"|"${oc.decode:1}"|"${oc.decode:null}"|"${oc.decode:'a b'}"|"${oc.decode:'1 '}"|"${oc.create:{a: ${lr}}}"|"${oc.create:[1, ${name}]}"|"${oc.create:'a: 1'}"|"${oc.create:5}"
"${oc.dict.keys:model}"|"${oc.dict.values:model}"|"${oc.dict.keys:lr}"|"${oc.dict.keys:nope}"|"${oc.dict.values:.model}"|"${oc.deprecated:lr}"|"${unknown:1}"|"${un.known:}"|"${now:%Y-%m-%d %H:%M:%S}"|"${now:%f}"|"${now:%%}"|"${now:}"|"${hydra:job.name}"|"${hydra:nope}"|"${hydra:job.config.override_dirname.kv_sep}"
"${model.${key}}"|"${${name}}"|"${model['size']}"|"${ lr }"|"${lr }"|"${oc.env: HOME_X }"|"${oc.env:'HOME_X'}"|"a ${lr} b ${name} c"|"$lr"|"$${lr}"|"{${lr}}"|"${model.size}/${list}"|"${none}x"|"${flag}-${model.deep}"|"${lr}}"|"${model .size}"|"${a-b}"|"${a/b}"
int(3.9)|int('7')|int(x)|int(true)|int([1.5,'2'])|int({a:1.5})|int(1,2)|int()|int(null)|float(1)|float('1e3')|float(x)|float(inf)|str(1)|str(1.0)|str(true)|str([1,a])|str(null)|str('a b')|bool(1)|bool(0)|bool('true')|bool(x)|bool(0.0)|int(value=3.5)|int(inf)|str(str(1))
1,2|a,b,c|1, 2|'a','b'|[1],[2]|{a:1},{b:2}|1,|,1|choice(1,2)|choice()|choice(choice(1,2))|range(3)|range(1,3)|range(1,10,2)|range(a)|range(1.5,3.0,step=0.5)|range(start=1,stop=3)|interval(0,1)|interval(a,b)|glob(*)|glob([a*,b*],exclude=c*)|tag(a,choice(1,2))|sort(3,1,2)|sort([3,1,2])|sort([b,a],reverse=true)|sort(range(3))|sort([1,a])|shuffle(1,2)|[choice(1,2)]|nofunc(1)|int (3.5)|sort(list=[2,1])|str(choice(1,2))
"""

KEYS = ["model.size=5", "model.nope=5", "+model.nope=5", "++model.nope=5", "+model.size=5", "nope=1",
        "+nope=1", "++nope.a.b=1", "+nope.a.b=1", "nope.a=1", "lr.x=1", "++lr.x=1", "+lr.x=1",
        "list.0=9", "list.1=nine", "list.9=1", "list.k=1", "++list.9=1", "list.2.k=w", "list.2.q=w",
        "+list.2.q=w", "list=[7]", "list=x", "list={a:1}", "+list=[8]", "model={size:9}", "model={a:1}",
        "+model={a:1}", "++model={deep:{y:2}}", "model=[1]", "model=5", "model=null", "lr={a:1}",
        "lr=[1]", "none=1", "+none=1", "none={a:1}", "need=5", "+need=5", "need.a=1", "++need.a=1",
        "ref=7", "ref.a=1", "+ref=7", "ref={a:1}", "~lr", "~nope", "~model", "~model.size",
        "~model.deep.x", "~list.0", "~list", "~none", "~need", "~ref", "~lr=0.1", "~lr=0.2", "~lr=",
        "~name=run", "~name='run'", "~model.size=3", "~model={size:3,deep:{x:1}}", "~model={size:3}",
        "~list=[1,two,{k:v}]", "~flag=true", "~flag=1", "~ref=3", "~", "~=", "=1", "+=1", "++=1", "",
        "lr", "+lr", "lr==1", "lr= 1", "lr =1", " lr=1", "+ lr=1", "+++lr=1", "~~lr", "~+lr", "-lr=1",
        "a b=1", "a-b=1", "+a-b=1", "+a-b.c=1", "+$x=1", "+a.$x=1", "+a$=1", "+1a=1", "+a.1=1",
        "+a.01=1", "+a..b=1", "+.a=1", "+a.=1", "+a[0]=1", "model[size]=4", "+a/b=1", "+a@b=1", "lr@b=1",
        "@b=1", "lr@=1", "lr@b:c=1", "+é=1", "+a=1=2", "lr=1\n", "+v='a\nb'", "+v=a\nb", "hydra=1",
        "hydra.run.dir=xyz", "hydra.run.dir=5", "hydra.run.dir=null", "hydra.run=5", "hydra.run.nope=1",
        "+hydra.run.nope=1", "++hydra.nope=1", "hydra.job.chdir=true", "hydra.job.chdir=1",
        "hydra.job.chdir=maybe", "hydra.job.num=3", "hydra.job.num=x", "hydra.job.name=mine",
        "hydra.verbose=[a,b]", "hydra.output_subdir=null", "hydra.run.dir=${name}/${lr}",
        "hydra.job.config.override_dirname.kv_sep=_", "~hydra.run", "~hydra.run.dir", "~hydra",
        "hydra.job.env_set={A:b}", "+hydra.job.env_set.A=b", "hydra.job.env_copy=[HOME_X]",
        "hydra.job.env_copy=[NOPE_X]", "hydra/job_logging=none", "hydra/job_logging=nope",
        "hydra.searchpath=[file://@ROOT@/more]", "hydra.searchpath=5", "hydra.mode=RUN"[:0] or "flag=off"]

GROUPS = [
    [], ["db=postgres"], ["db=nope"], ["db=null"], ["db=1"], ["db=[mysql,postgres]"], ["db=[]"],
    ["db=global"], ["db=renamed"], ["db=extends"], ["db={a:1}"], ["++db=mysql"], ["+db=mysql"],
    ["+db@second=postgres"], ["+db@_global_=postgres"], ["+db@a.b=mysql"], ["db@second=mysql"],
    ["~db"], ["~db=mysql"], ["~db=postgres"], ["~db@x"], ["~srv"], ["~nope"], ["srv=apache"],
    ["srv=nginx"], ["+srv=nginx"], ["srv=nginx", "~db"], ["srv=apache", "db@srv.inner=mysql"],
    ["nested/inner=two"], ["nested/inner=nope"], ["~nested/inner"], ["+nested=x"], ["nested.inner.v=5"],
    ["db=postgres", "db.user=me"], ["db.user=me"], ["db=postgres", "~db.user"], ["db=mysql", "db=postgres"],
    ["db.port=1", "db=mysql"], ["+db=postgres", "db=postgres"], ["~db", "db=postgres"], ["db=???"],
    ["db='mysql'"], ["db=mysql "], ["db=my,sql"], ["db=glob(*)"], ["+tool=hammer"], ["db=extra"],
    ["+other=1"], ["nothing=1"], ["db=${name}"], ["+db@_here_=postgres"], ["+db@_group_=postgres"],
    ["+srv@x=apache"], ["+db=[postgres,global]"], ["srv=null"], ["db=mysql.yaml"], ["db=../other"],
]

SHINKA = [
    [], ["variant@_global_=big"], ["variant@_global_=big", "database@_global_=small"],
    ["variant@_global_=wrong_order"], ["variant=big"], ["+variant=big"], ["+variant@_global_=big"],
    ["task@_global_=other"], ["task@_global_=other", "+evo_config.init=main.rs"], ["cluster@_global_=remote"],
    ["cluster@_global_=gcp"], ["cluster@_global_=gcp", "~job_config.partition"], ["output_dir=out"],
    ["evo_config.language=cpp", "db_config.num_islands=7"], ["evo_config.nope=1"], ["~variant@_global_"],
    ["hydra.run.dir=elsewhere"], ["results_dir=${oc.env:HOME_X}"], ["job_config={a: 1}"],
    ["+job_config.extra_cmd_args={n: 5}"], ["task@_global_=nope"], ["database@_global_=null"[:19] + "large"],
]

# Whole files, for what YAML 1.1 makes of them and for the defaults list's corners.
YAML = [
    "a: 010\nb: 0o10\nc: 0x1f\nd: 0b11\ne: 1_000\nf: 1:30\ng: 1:30.5\nh: +5\ni: -0\nj: 09\nk: 0x\nl: 08.5\n",
    "a: on\nb: Off\nc: YES\nd: no\ne: y\nf: N\ng: true\nh: tRuE\ni: oN\n",
    "a: 1e3\nb: 1.e3\nc: 1.5e+3\nd: .5e3\ne: .5e+3\nf: 1_0.5\ng: 1e\nh: e1\ni: 1.\nj: .\nk: 1.2.3\nl: 1E5\n",
    "a: .inf\nb: -.INF\nc: +.Inf\nd: .nan\ne: -.nan\nf: inf\ng: nan\nh: .iNf\n",
    "a: ~\nb: null\nc: Null\nd:\ne: ''\nf: nUll\ng: ~x\n",
    "a: 2024-01-02\nb: 2024-01-02 03:04:05\nc: 2024-1-2T3:04:05Z\nd: 12:30:45\n",
    "a: 12345678901234567890\nb: -12345678901234567890\nc: 0xffffffffffffffffff\nd: 1e400\ne: 0.1\nf: 1e22\ng: 123456789.123456789\nh: 5e-324\n",
    "base: &b {x: 1, y: 2}\nc:\n  <<: *b\n  y: 3\nd:\n  z: 0\n  <<: *b\n",
    "b1: &b1 {x: 1}\nb2: &b2 {x: 2, y: 2}\nc:\n  <<: [*b1, *b2]\n", "c:\n  <<: 5\n", "c:\n  <<: [1]\n",
    "c:\n  '<<': 5\n", "a: <<\n", "a: =\n", "=: 1\n", "a: &x [1, 2]\nb: *x\n", "a: *nope\n",
    "a: &a [*a]\n", "a: 1\na: 2\n", "a: {b: 1, b: 2}\n", "1: a\n1: b\n", "1: a\n'1': b\n", "'a': 1\na: 2\n",
    "1: a\n1.5: b\ntrue: c\n", "on: 1\n", "~: 1\n", "? [a]\n: 1\n", "{a: 1}: 2\n", "'': 1\n",
    "? a\n: 1\n", "? |\n  multi\n  line\n: 1\n", "a: !!str 5\nb: !!int '7'\nc: !!float 3\nd: !!bool 'yes'\ne: !!null ''\n",
    "a: !!int x\n", "a: !custom 5\n", "a: !!map {b: 1}\nb: !!seq [1]\n", "a: !!python/name:os.system ''\n",
    "a: |\n  line one\n  line two\nb: >\n  folded\n  text\n\n  more\nc: |-\n  strip\nd: |+\n  keep\n\n",
    "a: 'it''s'\nb: \"tab\\t nl\\n u\\u00e9 \\x41\"\nc: plain text with 'quotes'\nd: 'multi\n  line'\n",
    "a: \"\\0 bell\\a\"\nb: \" lead\"\nc: 'trail '\nd: \"a\\nb\"\ne: \"a \\nb\"\nf: \"\\n\"\ng: \"\\u2028\"\nh: \"\\ud83d\"\n"[:80] + "\n",
    "a: '# x'\nb: x#y\nc: x #y\nd: '- x'\ne: -x\nf: '?x'\ng: 'a: b'\nh: a:b\ni: '[x'\nj: '{x'\nk: '&x'\nl: '*x'\nm: '!x'\nn: '%x'\no: '@x'\np: '`x'\nq: '|x'\nr: '>x'\n",
    "a: x\n---\nb: y\n", "---\na: x\n...\n", "--- {a: 1}\n", "# only a comment\n", "", "   \n", "text\n", "5\n", "true\n", "- 1\n- 2\n", "[]\n", "~\n", "\ufeffa: 1\n",
    "a: [1, 2\n", "a: {b: 1\n", "a: 'x\n", "a:\n\t- 1\n", "a: b: c\n", "a: @x\n", "a: `x\n", "a: %x\n", "a\nb: 1\n", "  a: 1\n b: 2\n", "a: 1\n  b: 2\n", "- a\nb: 1\n",
    "a: [1, , 2]\n", "a: [1, 2,]\n", "a: {b, c: 1}\n", "a: {b:1}\n", "a: [a: b]\n", "a: - b\n",
    "a: ${b}\nb: ${c}\nc: 5\n", "a: ${b}\nb: ${a}\n", "a: ${a}\n", "a: {b: ${a}}\n", "a: {b: ${c}}\nc: {d: ${a}}\n",
    "a: '${b'\nb: 1\n", "a: ${}\n", "a: 'x ${b} y'\nb: [1, 'q']\n", "a: '${b}'\nb: {x: {y: '${c}'}}\nc: 1\n",
    "a: {x: 1, y: '${.x}', z: {w: '${..x}', v: '${...top}'}}\ntop: 9\n", "a: [1, '${.0}', '${..b}']\nb: 2\n",
    "a: ???\nb: ${a}\n", "a: '${b.c}'\nb: ???\n", "a: '${b.c}'\nb: 5\n", "a: '${b.c}'\nb: null\n", "a: '${b[0][1]}'\nb: [[1, 2]]\n",
    "a: '\\${b}'\nb: 1\n", "a: '\\\\${b}'\nb: 1\n", "a: 'c:\\dir\\${b}'\nb: 1\n", "a: 'x\\\\'\n", "a: '$b'\n", "a: '${b}$'\nb: 1\n",
    "defaults: []\na: 1\n", "defaults: null\n", "defaults: 5\n", "defaults: {a: b}\n", "defaults: ???\na: 1\n",
    "defaults:\n- _self_\n- _self_\n", "defaults:\n- _self_@x\n", "defaults:\n- nope\n", "defaults:\n- 5\n", "defaults:\n- [a]\n",
    "defaults:\n- db: a\n  other: b\n", "defaults:\n- {}\n", "defaults:\n- db: 5\n", "defaults:\n- db: true\n", "defaults:\n- db: a\na: ${db.x}\n",
    "defaults:\n- db: [a, b]\n", "defaults:\n- db: [a, 5]\n", "defaults:\n- db: ???\n", "defaults:\n- db: null\n", "defaults:\n- db: nope\n",
    "defaults:\n- optional db: nope\n- _self_\nq: 1\n", "defaults:\n- db@p: a\n- db@q: b\n", "defaults:\n- db: a\n- db: b\n", "defaults:\n- db: a\n- db: a\n",
    "defaults:\n- db@_global_: a\n- _self_\nx: 5\n", "defaults:\n- _self_\n- db@_global_: a\nx: 5\n", "defaults:\n- db/a\n", "defaults:\n- /db/a@p\n", "defaults:\n- db/a@_global_\n",
    "defaults:\n- db: a\n- srv: ${db}\n", "defaults:\n- srv: ${db}\n- db: a\n", "defaults:\n- srv: ${nope}\n", "defaults:\n- db: a\n- srv: x_${db}\n", "defaults:\n- db: a\n- optional srv: x_${db}\n",
    "defaults:\n- db: a\n- override db: b\n", "defaults:\n- override db: b\n- db: a\n", "defaults:\n- override db: b\n", "defaults:\n- db: a\n- override /db: b\n- _self_\n", "defaults:\n- db@p: a\n- override db@p: b\n",
    "# @package other\na: 1\n", "# @package _global_.deep\na: 1\n", "#@package x.y\na: 1\n", "# @package\na: 1\n", "# @package a b\na: 1\n", "# comment\n# @package x\na: 1\n", "\n\n# @package x\na: 1\n", "# @other x\n# @package y\na: 1\n",
    "a:\n  b: 1\ndefaults:\n- db: a\nhydra:\n  run:\n    dir: d\n", "hydra:\n  nope: 1\n", "hydra: 5\n", "hydra:\n  job:\n    name: mine\n    chdir: yes\n", "hydra:\n  searchpath: [5]\n", "a: ${hydra:job.name}\nb: ${hydra:run.dir}\n",
    "a: ${hydra.job.name}\n", "long: " + "word " * 40 + "\nq: '" + "two  words " * 12 + "'\nd: \"" + "tab\\t and text " * 9 + "\"\n", "k" * 130 + ": 1\n", "a: " + "x" * 200 + " y\n", "ü: é ß 日本 🙂\n",
]
DB = {"main/db/a.yaml": "x: 1\n", "main/db/b.yaml": "y: 2\n", "main/srv/a.yaml": "s: a\n"}


def cases():
    env = {"HOME_X": "home"}
    number = 0
    lists = [("basic", [[f"++v={value}"] for line in VALUES.strip("\n").split("\n") for value in
                        line.replace("\\|", "\0").replace("\t", "\t").split("|")]),
             ("basic", [[key] for key in KEYS]), ("groups", GROUPS), ("shinka", SHINKA)]
    for fixture, overrides_list in lists:
        for overrides in overrides_list:
            overrides = [text.replace("\0", "|") for text in overrides]
            case = {"id": number, "fixture": fixture, "overrides": overrides, "env": env}
            if fixture != "basic" or "hydra" in overrides[0]:
                case["with_hydra"] = True
            yield case
            number += 1
    for text in YAML:
        yield {"id": number, "files": {"main/config.yaml": text, **DB}, "overrides": [], "env": env}
        number += 1
    for overrides in (["db=extra"], ["+tool=hammer"], ["db=mysql"], ["+tool=nope"]):
        yield {"id": number, "fixture": "groups", "dirs": ["more"], "overrides": overrides}
        number += 1
    for name in ("other", "nothing", "nope", "db/mysql", "db/global", "other.yaml", "srv/apache"):
        yield {"id": number, "fixture": "groups", "config": name, "overrides": [], "with_hydra": True}
        number += 1
