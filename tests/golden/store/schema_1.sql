-- A run's store as schema version 1 wrote it: two recorded programs, one evaluation in flight on its
-- second attempt, one given up, one duplicate. Tests migrate it forward.
PRAGMA application_id=1197829733;
PRAGMA user_version=1;
BEGIN;
CREATE TABLE meta(key TEXT PRIMARY KEY NOT NULL, value TEXT NOT NULL) STRICT;
CREATE TABLE state(key TEXT PRIMARY KEY NOT NULL, value BLOB NOT NULL) STRICT;
CREATE TABLE proposals(
  id INTEGER PRIMARY KEY,
  parent INTEGER NOT NULL,
  inspirations TEXT NOT NULL,
  island INTEGER NOT NULL,
  draw_event INTEGER NOT NULL,
  mutator TEXT NOT NULL,
  patch TEXT NOT NULL,
  summary TEXT NOT NULL,
  fate INTEGER NOT NULL,
  detail TEXT NOT NULL,
  program_key TEXT NOT NULL) STRICT;
CREATE TABLE candidates(
  proposal INTEGER PRIMARY KEY REFERENCES proposals(id),
  encoded BLOB NOT NULL) STRICT;
CREATE TABLE evaluations(
  id INTEGER PRIMARY KEY,
  proposal INTEGER NOT NULL REFERENCES proposals(id),
  state INTEGER NOT NULL) STRICT;
CREATE TABLE attempts(
  evaluation INTEGER NOT NULL REFERENCES evaluations(id),
  stage INTEGER NOT NULL,
  repeat INTEGER NOT NULL,
  attempt INTEGER NOT NULL,
  token TEXT NOT NULL,
  backend TEXT NOT NULL,
  ref TEXT NOT NULL,
  outcome TEXT NOT NULL,
  detail TEXT NOT NULL,
  PRIMARY KEY(evaluation, stage, repeat, attempt)) STRICT, WITHOUT ROWID;
CREATE TABLE programs(
  generation INTEGER PRIMARY KEY,
  proposal INTEGER NOT NULL UNIQUE REFERENCES proposals(id),
  evaluation INTEGER NOT NULL UNIQUE REFERENCES evaluations(id),
  parent INTEGER NOT NULL,
  island INTEGER NOT NULL,
  score REAL,
  correct INTEGER NOT NULL,
  improved INTEGER NOT NULL,
  draw_event INTEGER NOT NULL,
  recorded_at INTEGER NOT NULL,
  elapsed_millis INTEGER NOT NULL,
  wall_millis INTEGER NOT NULL,
  cpu_millis INTEGER NOT NULL,
  peak_memory_bytes INTEGER NOT NULL,
  program_key TEXT NOT NULL,
  mutator TEXT NOT NULL,
  patch TEXT NOT NULL,
  outcome TEXT NOT NULL,
  summary TEXT NOT NULL,
  error TEXT NOT NULL,
  public_json TEXT NOT NULL,
  private_json TEXT NOT NULL,
  text_feedback TEXT NOT NULL,
  extra_json TEXT NOT NULL,
  log_tail TEXT NOT NULL,
  log_path TEXT NOT NULL,
  log_bytes INTEGER NOT NULL) STRICT;
CREATE INDEX programs_by_score ON programs(score DESC, generation) WHERE correct;
CREATE INDEX programs_improved ON programs(generation) WHERE improved;
CREATE TABLE moves(
  id INTEGER PRIMARY KEY,
  event INTEGER NOT NULL,
  generation INTEGER NOT NULL REFERENCES programs(generation),
  from_island INTEGER NOT NULL,
  to_island INTEGER NOT NULL,
  copy INTEGER NOT NULL) STRICT;
INSERT INTO meta VALUES('fence','3'),('run_id','0123abcd');
INSERT INTO state VALUES('bandit',X'00ff');
INSERT INTO proposals VALUES
  (0,-1,'',0,0,'seed','full','the seed',1,'','aa'),
  (1,0,'0',0,1,'literal','operator','1 to 2',1,'','bb'),
  (2,1,'0,1',1,2,'literal','operator','2 to 3',0,'','cc'),
  (3,1,'',1,2,'swap','operator','+ to -',5,'lost five times','dd'),
  (4,1,'',0,2,'literal','operator','2 to 1',2,'gen 0','');
INSERT INTO candidates VALUES
  (0,CAST('genesis-program-1 1 0' || char(10) || '7 5' || char(10) || 'main.pyx = 1' AS BLOB)),
  (1,CAST('genesis-program-1 1 0' || char(10) || '7 5' || char(10) || 'main.pyx = 2' AS BLOB)),
  (2,CAST('genesis-program-1 1 0' || char(10) || '7 5' || char(10) || 'main.pyx = 3' AS BLOB)),
  (3,CAST('genesis-program-1 1 0' || char(10) || '7 5' || char(10) || 'main.pyx - 2' AS BLOB));
INSERT INTO evaluations VALUES(0,0,1),(1,1,1),(2,2,0),(3,3,2);
INSERT INTO attempts VALUES
  (0,0,0,1,'t0','local','v1:pid=1','exited',''),
  (1,0,0,1,'t1','local','v1:pid=2','exited',''),
  (2,0,0,1,'t2','local','v1:pid=3','lost','gone'),
  (2,0,0,2,'t3','local','v1:pid=4','',''),
  (3,0,0,1,'t4','local','','lost','gone');
INSERT INTO programs VALUES
  (0,0,0,-1,0,0.5,1,1,0,1700000000000,10,9,8,1024,'aa','seed','full','ok','the seed','','{}','{}','','{}','','evaluations/0/attempt_1/job_log.err',0),
  (1,1,1,0,0,NULL,0,0,1,1700000001000,20,9,8,1024,'bb','literal','operator','timeout','1 to 2','over 1 s','{}','{}','','{}','tail','evaluations/1/attempt_1/job_log.err',4);
INSERT INTO moves(event,generation,from_island,to_island,copy) VALUES(1,0,0,1,1);
COMMIT;
