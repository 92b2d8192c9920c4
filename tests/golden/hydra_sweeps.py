"""Sweep cases: chosen ones, one behaviour each, and random ones from a seed."""
import random

FIXTURES = {
    "sweep": {
        "main/config.yaml": "defaults:\n- _self_\n- db: mysql\n- optional srv: none_such\n- nested/inner: one\n"
                            "x: 1\nf: 0.5\nname: app\nflag: true\nnone: null\nlist: [1, 2]\nmodel:\n  size: 3\n"
                            "ref: ${x}\nout: ${hydra:runtime.output_dir}\n",
        "main/inside.yaml": "defaults:\n- config\n- _self_\nhydra:\n  mode: MULTIRUN\n  sweep:\n    dir: root/${name}\n"
                            "    subdir: ${hydra.job.override_dirname}\n  sweeper:\n    params:\n      x: 1,2\n"
                            "      f: choice(0.1, 0.2)\n",
        "main/typed.yaml": "defaults:\n- config\n- _self_\nhydra:\n  sweeper:\n    params:\n      x: 7\n"
                           "      flag: false\n      name: a,b\n      f: 1.50\n",
        "main/typed_null.yaml": "defaults:\n- config\n- _self_\nhydra:\n  sweeper:\n    params:\n      none: null\n",
        "main/globbed.yaml": "defaults:\n- config\n- _self_\nhydra:\n  sweeper:\n    params:\n      db: glob(m*)\n"
                             "      +db@second: glob(p*)\n      +new: a,b\n",
        "main/hydra_params.yaml": "defaults:\n- config\n- _self_\nhydra:\n  sweeper:\n    params:\n"
                                  "      hydra.job.name: a,b\n      hydra.sweep.subdir: s_${hydra.job.name}\n",
        "main/list_params.yaml": "defaults:\n- config\n- _self_\nhydra:\n  sweeper:\n    params: [x=1]\n",
        "main/interpolated.yaml": "defaults:\n- config\n- _self_\nvalues: 4,5\nhydra:\n  sweeper:\n    params:\n"
                                  "      x: ${values}\n",
        "main/must.yaml": "defaults:\n- _self_\n- db: ???\nx: 1\n",
        "main/batch.yaml": "defaults:\n- config\n- _self_\nhydra:\n  sweeper:\n    max_batch_size: 2\n",
        "main/run.yaml": "defaults:\n- config\n- _self_\nhydra:\n  mode: RUN\n",
        "main/badmode.yaml": "defaults:\n- config\n- _self_\nhydra:\n  mode: sometimes\n",
        "main/jobdir.yaml": "defaults:\n- config\n- _self_\nhydra:\n  sweep:\n    dir: d/${db.host}\n"
                            "    subdir: ${hydra.job.num}_${x}\n",
        "main/db/mysql.yaml": "host: localhost\nport: 3306\n",
        "main/db/postgres.yaml": "host: remote\nuser: pg\n",
        "main/db/maria.yaml": "host: sea\n",
        "main/db/my_other.yaml": "host: other\n",
        "main/db/Big.yaml": "host: big\n",
        "main/srv/apache.yaml": "timeout: 10\n",
        "main/srv/nginx.yaml": "timeout: 20\n",
        "main/nested/inner/one.yaml": "v: 1\n",
        "main/nested/inner/two.yaml": "v: 2\n",
        "more/db/extra.yaml": "host: extra\n",
        "found/db/late.yaml": "host: late\n",
    },
}

# One line: the arguments of one case, separated by " ; ". Not here: arguments that set
# hydra.sweeper.params where it is null, on which Hydra 1.3.8 fails by itself (AttributeError).
CHOSEN = r"""
x=1,2
x=1
x=1,2,3 ; f=0.1,0.2
x=1,2 ; f=0.1,0.2 ; name=a,b
x=3,1,2
x=1,1
x=1, 2 ,3
x=1,2 ; x=5
x=5 ; x=1,2
x=1,2 ; f=9 ; x=3
+x=1 ; x=2
++x=1,2
++y=1,2
+y=1,2
+y=1,2 ; ++y=3,4
y=1,2
~x ; f=1,2
~db ; x=1,2
~db=mysql ; x=1,2
~db=postgres ; x=1,2
~x=1,2
~x=1 ; f=1,2
~model.size=3 ; x=1,2
x=1,2 ; ~x
name=a,b c,d
name='a,b',c
name='a,b'
name="a,b","c d"
name='it\'s',b
name="say \"hi\"",b
name='a\\',b
name='a\\\'b',c
name=a\,b,c
name=a\ b,c
name=a\=b,c=d
name=a\\b,c
name=a\:b,c
name=a\(b\),c
name=a\[b\],c\{d\}
name=,a
name='',a
name="",''
name=null,a
name=true,false
name=True,FALSE,null,NULL
flag=true,false
none=null,1
name=a:b,c/d,e.f,g-h
name=http://a/b,c@d
name=${x},${f}
name=${x}a,b${f}
name='${x}',"${f}"
name=$a,%b,*c,?d
name=é,日本
name=1e3,1E3,.5,5.,-0.0,1_000,1e400,-1e-7
x=007,01
x=10,9223372036854775808
x=+1,-1,0
x=nan,inf,-inf
list=[1,2],[3]
list=[],[a,'b c'],[1,[2,{k: v}]]
list=['a,b',"c"],[${x}]
model={size:1},{size:2}
model={size:1,deep:{y:[1,2]}},{size:'a b'}
+m={a:1},{b:'x y',c:"z"}
+m={},{1:a,true:b,null:c,1.5:d}
+m={a b:1},{a-b:2}
+m={},{1:a,true:b,1.5:d}
x=choice(1,2)
x=choice(1)
x=choice(a)
x=choice(1,2,3) ; f=choice(0.5)
name=choice('a b',"c,d",e\,f)
name=choice([1,2],{a:1})
name=choice(choice(1,2))
name=choice(choice(1,2),3)
name=choice(1,range(3))
name=choice(null)
name=choice()
name=1,choice(2,3)
name=1,range(3)
name=1,glob(*)
db=mysql,glob(p*)
db=glob(p*),mysql
name=glob(a),1
name=glob([a,'b c'],exclude=[d]),1
name=1,interval(0,1)
name=range(3),range(4)
name=[range(3)],1
name=[choice(1,2)]
name={a:choice(1,2)}
x=range(3)
x=range(1,4)
x=range(1,10,3)
x=range(10,1,-3)
x=range(3,1)
x=range(0)
x=range(-2)
x=range(1,4,-1)
x=range(start=1,stop=3)
x=range(start=1,stop=5,step=2)
x=range(stop=3)
x=range(1,5,0)
x=range(1,2,0.5)
x=range(0.0,1.0,0.25)
x=range(0,1,0.1)
x=range(0.1,1,0.1)
x=range(1,0,-0.1)
x=range(1.0,3)
x=range(3.5)
x=range(0,0.5)
x=range(1,2,0.0)
x=range(2,1,0.0)
x=range(1e-7,3e-7,1e-7)
x=range(1e15,1e15,1)
x=range(1e16,10000000000000004,1)
x=range(1e300,1.5e300,2e299)
x=range(-1.5,1.5,0.75)
x=range(0.3,0.9,0.2)
x=range(true,4)
x=range(false,true)
x=range(true)
x=range(1,null)
x=range(null)
x=range(1,5,null)
x=range(a)
x=range('3')
x=range(nan)
x=range(1,nan)
x=range(0,1,nan)
x=range(0,-inf)
x=range(0,5,inf)
x=range(inf,5)
x=range(9223372036854775806,9223372036854775809)
x=range(-9223372036854775809,-9223372036854775806)
x=range(99999999999999999999,100000000000000000002)
x=range(100000000000000000002,99999999999999999999,-1)
x=range(1,10,99999999999999999999)
x=range(0,1.0e20,5e19)
x=interval(0,1)
x=interval(1,2) ; f=1,2
x=interval(a,b)
x=interval(true,2)
x=interval(0)
x=int(interval(0.5,1.5))
x=tag(interval(0,1))
x=tag(a,b,choice(1,2))
x=tag(choice(1,2))
x=tag(t,range(3))
x=tag(t,sweep=range(3))
x=tag(1,choice(1,2))
x=tag(choice(1,2),t)
x=tag(t,glob(*))
x=tag(t,tag(u,choice(1,2)))
x=tag(sweep=choice(1,2))
x=sort(3,1,2)
x=sort(3,1,2,reverse=true)
x=sort(choice(3,1,2))
x=sort(choice(b,a,c),reverse=true)
x=sort(choice('b a',"a b"))
x=sort(choice(1,a))
x=sort(1,a)
x=sort(1,true,0.5)
x=sort(tag(t,choice(2,1)))
x=sort(range(3))
x=sort(range(3,0))
x=sort(range(3,0),reverse=true)
x=sort(range(1,5),reverse=true)
x=sort(range(5,1,-1))
x=sort(range(5,1,-2))
x=sort(range(10,1,-4))
x=sort(range(1,10,4),reverse=true)
x=sort(range(0,1,0.25),reverse=true)
x=sort(range(1.5,0,-0.5))
x=sort(range(1,4,-1),reverse=true)
x=sort(sweep=choice(2,1))
x=sort(sweep=range(3,0,-1),reverse=true)
x=sort(list=[2,1])
x=sort([3,1,2])
x=sort(1)
x=sort(a,)
x=sort()
x=sort(interval(0,1))
x=sort(glob(*))
x=sort(3,1,reverse=1)
x=sort([b,a],reverse=true)
x=sort(sort(3,1,2),reverse=true)
x=sort(choice(null,1))
x=sort(inf,1,nan)
x=int(1.5,2.5)
x=int(choice(1.9,'7',true))
x=int(range(1.5,4.5))
x=int(range(0.0,3.0,1.5))
x=int(range(0,1,0.5))
x=float(range(3))
x=float(range(1,4,2))
x=float(choice(1,2))
x=str(choice(1,2.0,true))
x=str(range(3))
x=str(interval(0,1))
x=bool(range(3))
x=bool(choice(0,1,'true'))
x=bool(choice(a,b))
x=str(1,2)
x=str([1,2],{a:1})
x=int(tag(t,choice(1,2)))
x=int(sort(3.5,1.5))
x=float(sort(range(3,0,-1)))
x=sort(int(3.7,1.2))
x=choice(int(1.5),str(2))
x=int(choice(x))
x=float(int(range(3.9)))
name=str(choice('a b',"c"))
name=choice(str('a b'),'c d')
db=mysql,postgres
db=postgres,mysql ; x=1,2
db=choice(mysql,maria)
db=glob(*)
db=glob(m*)
db=glob(*,exclude=m*)
db=glob([m*,p*],exclude=[*y*,my_*])
db=glob(include=p*)
db=glob(include=[*],exclude=null)
db=glob(*,*)
db=glob(zz*)
db=glob(?ysql)
db=glob([mysql])
db=glob('[mp]*')
db=glob('[!m]*')
db=glob('[a-m]*')
db=glob('[!a-m]*')
db=glob('[m')
db=glob('*[r]*')
db=glob('m*y*')
db=glob('MYSQL')
db=glob('[A-Z]*')
db=glob('')
db=glob(1)
db=glob([1])
db=glob([a*,1])
db=glob()
db=glob(a,b,c)
db=glob(*) ; x=1,2
+db@second=glob(p*)
db@other=glob(*)
+db@second=mysql,postgres
srv=glob(*)
srv=apache,nginx
+srv=apache,nginx
nested/inner=one,two
nested/inner=glob(*)
nested=glob(*)
nosuch=glob(*)
x=glob(*)
db=mysql,nope
db=nope,mysql
db=mysql,null
db=[mysql],[postgres]
db=[mysql,maria],postgres
db=1,2
db=mysql,postgres ; db.port=1
db=mysql,postgres ; ~db.port
db=mysql ; db.port=1,2
db.nope=1,2
model.size=1,2 ; model.size=3
x=1,x y
x=[1,2
x=1,,2
x=1,
hydra.sweep.dir=out ; x=1,2
hydra.sweep.dir=out/${name} ; name=a,b
hydra.sweep.dir=out/${db.host} ; db=mysql,maria
hydra.sweep.dir=${now:%Y}/s ; x=1,2
hydra.sweep.dir=@ROOT@/abs ; x=1,2
hydra.sweep.dir=null ; x=1,2
hydra.sweep.dir=a/../b ; x=1,2
hydra.sweep.subdir=${hydra.job.num}_${x} ; x=1,2
hydra.sweep.subdir=${hydra.job.id} ; x=1,2
hydra.sweep.subdir=s_${hydra:job.num} ; x=1,2
hydra.sweep.subdir=${hydra.job.override_dirname} ; x=1,2
hydra.sweep.subdir=${hydra.job.override_dirname} ; x=1,2 ; db=mysql,maria ; f=3
hydra.sweep.subdir=${hydra.job.override_dirname} ; x=1,2 ; hydra.job.config.override_dirname.kv_sep=_
hydra.sweep.subdir=${hydra.job.override_dirname} ; x=1,2 ; f=3 ; hydra.job.config.override_dirname.item_sep=/
hydra.sweep.subdir=${hydra.job.override_dirname} ; x=1,2 ; f=3 ; hydra.job.config.override_dirname.exclude_keys=[f]
hydra.sweep.subdir=${hydra.job.override_dirname} ; +y=1,2 ; ++z=3 ; ~f ; hydra.job.config.override_dirname.exclude_keys=[y]
hydra.sweep.subdir=${hydra.job.override_dirname} ; +db@second=mysql,maria ; x=1 ; hydra.job.config.override_dirname.exclude_keys=[db]
hydra.sweep.subdir=${hydra.job.override_dirname} ; x=1,2 ; hydra.job.config.override_dirname.exclude_keys=[x]
hydra.sweep.subdir=${hydra.job.override_dirname} ; name='a b',c\,d
hydra.sweep.subdir=${hydra.job.override_dirname} ; name=b,a ; f=2 ; x=1
hydra.sweep.subdir=a,b ; x=1
hydra.sweep.subdir=null ; x=1,2
hydra.sweep.subdir=@ROOT@/abs ; x=1,2
hydra.sweep.subdir=${nope} ; x=1,2
hydra.sweep.nope=1 ; x=1,2
hydra.job.num=5 ; x=1,2
hydra.job.name=mine ; x=1,2
hydra.job.chdir=true ; x=1,2
hydra.output_subdir=null ; x=1,2
hydra.output_subdir=conf ; x=1,2
hydra.run.dir=elsewhere ; x=1,2
hydra.verbose=1,2
hydra/job_logging=none,default
hydra/job_logging=none ; x=1,2
hydra.mode=RUN ; x=1,2
hydra.mode=MULTIRUN ; x=1,2
hydra.mode=run ; x=1,2
hydra.mode=nope ; x=1,2
hydra.mode=null ; x=1,2
hydra.mode=1 ; x=1,2
hydra.mode=2 ; x=1,2
hydra.mode=RunMode.RUN ; x=1,2
hydra.sweeper.max_batch_size=1 ; x=1,2,3
hydra.sweeper.max_batch_size=2 ; x=1,2,3
hydra.sweeper.max_batch_size=0 ; x=1,2,3
hydra.sweeper.max_batch_size=-1 ; x=1,2,3
hydra.sweeper.max_batch_size=x ; x=1,2,3
hydra.sweeper.params=5 ; x=1,2
hydra.sweeper.nope=5 ; x=1,2
hydra.searchpath=[file://@ROOT@/found] ; db=late,mysql
hydra.searchpath=[file://@ROOT@/found] ; db=glob(l*)
hydra.searchpath=[file://@ROOT@/found] ; db=glob(*)
name=${hydra:job.num} ; x=1,2
+n=${hydra.job.num} ; x=1,2
+n=${now:%H%M%S} ; x=1,2
ref=${f},${name}
need=1,2
x=shuffle(1,2,3)
x=shuffle(choice(a,b,c)) ; f=1,2
x=shuffle(range(5))
x=shuffle(range(0,1,0.25))
x=shuffle(sweep=choice(1,2))
x=shuffle(sort(3,1,2))
x=sort(shuffle(3,1,2))
x=shuffle(1)
x=shuffle(a)
x=shuffle(null)
x=shuffle(glob(*))
x=shuffle(interval(0,1))
x=shuffle()
x=int(shuffle(1.5,2.5))
x=tag(t,shuffle(choice(1,2)))
x=shuffle(tag(t,choice(1,2)))
""".strip("\n").split("\n")

CONFIGS = [("inside", []), ("inside", ["x=5"]), ("inside", ["x=8,9", "name=q"]), ("typed", []), ("typed_null", []), ("list_params", []), ("inside", ["hydra.sweeper.params.x='8,9'"]),
           ("inside", ["hydra.sweeper.params.x=[8,9]"]), ("inside", ["+hydra.sweeper.params.name='p,q'"]),
           ("inside", ["~hydra.sweeper.params.x"]), ("inside", ["hydra.sweeper.params={x: 9}"]),
           ("inside", ["hydra.sweeper.params=null"]), ("globbed", []), ("hydra_params", []),
           ("interpolated", []), ("interpolated", ["values='6,7,8'"]), ("must", ["x=1,2"]),
           ("must", ["db=mysql,maria"]), ("must", ["db=mysql", "x=1,2"]), ("batch", ["x=1,2,3"]),
           ("batch", ["x=1,2,3", "db=mysql,nope"]), ("run", ["x=1,2"]), ("badmode", ["x=1,2"]),
           ("jobdir", ["x=1,2", "db=mysql,maria"]), ("jobdir", ["db=mysql,my_other"]), ("nope", ["x=1,2"])]
# Without -m: the mode of the configuration or of the arguments decides.
WITHOUT = [("inside", []), ("inside", ["hydra.mode=RUN"]), ("config", ["x=1,2"]), ("config", ["x=1,2", "hydra.mode=MULTIRUN"]),
           ("config", ["x=choice(1,2)"]), ("config", ["db=glob(*)"]), ("config", ["x=range(3)", "hydra.mode=MULTIRUN"]),
           ("run", ["x=1,2"]), ("run", ["x=5"]), ("config", ["x=5"]), ("config", ["x=5", "hydra.mode=MULTIRUN"])]


def shuffled(overrides):
    return any("shuffle" in text for text in overrides)


WORDS = ["a", "b", "c d", "'q,r'", '"s t"', "1", "2", "0.5", "1e-3", "true", "null", "''", "x\\,y", "${x}", "[1,2]",
         "[a,'b c']", "{k:1}", "{k:'v w',l:[1]}", "a/b", "-3", "+4", "7_0", "inf", "é", "p=q", "'it\\'s'", "a:b", "\\\\"]
NUMBERS = ["0", "1", "2", "3", "5", "-1", "-2", "10", "0.5", "1.5", "0.1", "0.3", "-0.25", "2.0", "1e-3", "true", "7"]
KEYS = ["x", "f", "name", "flag", "none", "list", "model.size", "+new", "++x", "++extra.y", "ref"]
GROUPS = {"db": ["mysql", "postgres", "maria", "my_other", "Big", "nope"], "nested/inner": ["one", "two"],
          "+srv": ["apache", "nginx"], "+db@second": ["mysql", "maria"]}
PATTERNS = ["*", "m*", "*y*", "?ysql", "'[mp]*'", "'[!m]*'", "one", "t*", "a*", "zz"]


class Maker:
    def __init__(self, rng):
        self.rng = rng

    def some(self, of, least=1, most=3):
        return [self.rng.choice(of) for _ in range(self.rng.randint(least, most))]

    def range(self):
        numbers = [self.rng.choice(NUMBERS) for _ in range(self.rng.choice([1, 2, 2, 3, 3]))]
        if len(numbers) == 3 and self.rng.random() < 0.7:
            numbers[2] = self.rng.choice(["1", "2", "0.5", "-1", "-0.5", "0.25", "3", "-2"])
        return "range(" + ",".join(numbers) + ")"

    def value(self):
        roll = self.rng.random()
        if roll < 0.30:
            return ",".join(self.some(WORDS, 2, 4))
        if roll < 0.42:
            return "choice(" + ",".join(self.some(WORDS, 1, 3)) + ")"
        if roll < 0.62:
            return self.range()
        if roll < 0.68:
            return f"sort({','.join(self.some(NUMBERS, 2, 4))}{self.rng.choice(['', ',reverse=true'])})"
        if roll < 0.74:
            return f"sort({self.range()}{self.rng.choice(['', ',reverse=true'])})"
        if roll < 0.80:
            inner = self.range() if self.rng.random() < 0.5 else "choice(" + ",".join(self.some(WORDS, 1, 3)) + ")"
            return f"{self.rng.choice(['int', 'float', 'str', 'bool'])}({inner})"
        if roll < 0.84:
            return f"tag(t,{self.range()})"
        if roll < 0.86:
            return f"interval({self.rng.choice(NUMBERS)},{self.rng.choice(NUMBERS)})"
        return self.rng.choice(WORDS)

    def override(self):
        if self.rng.random() < 0.35:
            group = self.rng.choice(list(GROUPS))
            if self.rng.random() < 0.4:
                return f"{group}=glob({self.rng.choice(PATTERNS)}" + \
                    (f",exclude={self.rng.choice(PATTERNS)})" if self.rng.random() < 0.4 else ")")
            return f"{group}={','.join(self.some(GROUPS[group], 1, 3))}"
        if self.rng.random() < 0.05:
            return self.rng.choice(["~db", "~x", "~model.size", "~none"])
        return f"{self.rng.choice(KEYS)}={self.value()}"

    def case(self):
        overrides = [self.override() for _ in range(self.rng.choice([1, 1, 2, 2, 3]))]
        if self.rng.random() < 0.25:
            overrides.append(self.rng.choice([
                "hydra.sweep.subdir=${hydra.job.override_dirname}", "hydra.sweep.dir=s/${name}",
                "hydra.sweep.subdir=j${hydra.job.num}", "hydra.job.config.override_dirname.exclude_keys=[x,db]"]))
        return overrides


def cases(seed, count):
    number = 0
    def case(config, overrides, multirun=True, **more):
        nonlocal number
        entry = {"id": number, "fixture": "sweep", "config": config, "overrides": overrides, "m": multirun, **more}
        if shuffled(overrides):
            entry["shuffled"] = True
        number += 1
        return entry
    for line in CHOSEN:
        yield case("config", line.split(" ; "))
    for config, overrides in CONFIGS:
        yield case(config, overrides)
    for config, overrides in WITHOUT:
        yield case(config, overrides, multirun=False)
    for overrides in (["db=extra,mysql"], ["db=glob(e*)"], ["db=glob(*)"]):
        yield case("config", overrides, dirs=["more"])
    for index in range(count):
        yield case("config", Maker(random.Random(f"{seed}/{index}")).case(), random=True)
