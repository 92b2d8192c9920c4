-- A run's store as schema version 3 made it of schema_2.sql. Tests migrate it forward.
PRAGMA application_id=1197829733;
PRAGMA user_version=3;
BEGIN TRANSACTION;
CREATE TABLE meta(key TEXT PRIMARY KEY NOT NULL, value TEXT NOT NULL) STRICT;
INSERT INTO meta VALUES('fence','3');
INSERT INTO meta VALUES('run_id','0123abcd');
CREATE TABLE state(key TEXT PRIMARY KEY NOT NULL, value BLOB NOT NULL) STRICT;
INSERT INTO state VALUES('bandit',X'00ff');
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
INSERT INTO proposals VALUES(0,-1,'',0,0,'seed','full','the seed',1,'','aa');
INSERT INTO proposals VALUES(1,0,'0',0,1,'literal','operator','1 to 2',1,'','bb');
INSERT INTO proposals VALUES(2,1,'0,1',1,2,'literal','operator','2 to 3',0,'','cc');
INSERT INTO proposals VALUES(3,1,'',1,2,'swap','operator','+ to -',5,'lost five times','dd');
INSERT INTO proposals VALUES(4,1,'',0,2,'literal','operator','2 to 1',2,'gen 0','');
INSERT INTO proposals VALUES(5,0,'0',2,2,'literal','operator','1 to 4',1,'','ee');
INSERT INTO proposals VALUES(6,5,'0,2',2,3,'swap','operator','swapped',1,'','ff');
INSERT INTO proposals VALUES(7,5,'0',1,4,'literal','operator','1 to 7',1,'','ab');
CREATE TABLE candidates(
  proposal INTEGER PRIMARY KEY REFERENCES proposals(id),
  encoded BLOB NOT NULL) STRICT;
INSERT INTO candidates VALUES(0,X'67656e657369732d70726f6772616d2d31203120300a3720350a6d61696e2e707978203d2031');
INSERT INTO candidates VALUES(1,X'67656e657369732d70726f6772616d2d31203120300a3720350a6d61696e2e707978203d2032');
INSERT INTO candidates VALUES(2,X'67656e657369732d70726f6772616d2d31203120300a3720350a6d61696e2e707978203d2033');
INSERT INTO candidates VALUES(3,X'67656e657369732d70726f6772616d2d31203120300a3720350a6d61696e2e707978202d2032');
INSERT INTO candidates VALUES(5,X'67656e657369732d70726f6772616d2d31203120300a3720350a6d61696e2e707978203d2035');
INSERT INTO candidates VALUES(6,X'67656e657369732d70726f6772616d2d31203120300a3720350a6d61696e2e707978203d2036');
INSERT INTO candidates VALUES(7,X'67656e657369732d70726f6772616d2d31203120300a3720350a6d61696e2e707978203d2037');
CREATE TABLE evaluations(
  id INTEGER PRIMARY KEY,
  proposal INTEGER NOT NULL REFERENCES proposals(id),
  state INTEGER NOT NULL) STRICT;
INSERT INTO evaluations VALUES(0,0,1);
INSERT INTO evaluations VALUES(1,1,1);
INSERT INTO evaluations VALUES(2,2,0);
INSERT INTO evaluations VALUES(3,3,2);
INSERT INTO evaluations VALUES(4,5,1);
INSERT INTO evaluations VALUES(5,6,1);
INSERT INTO evaluations VALUES(6,7,1);
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
INSERT INTO attempts VALUES(0,0,0,1,'t0','local','v1:pid=1','exited','');
INSERT INTO attempts VALUES(1,0,0,1,'t1','local','v1:pid=2','exited','');
INSERT INTO attempts VALUES(2,0,0,1,'t2','local','v1:pid=3','lost','gone');
INSERT INTO attempts VALUES(2,0,0,2,'t3','local','v1:pid=4','','');
INSERT INTO attempts VALUES(3,0,0,1,'t4','local','','lost','gone');
INSERT INTO attempts VALUES(4,0,0,1,'t5','local','v1:pid=5','exited','');
INSERT INTO attempts VALUES(5,0,0,1,'t6','local','v1:pid=6','exited','');
INSERT INTO attempts VALUES(6,0,0,1,'t7','local','v1:pid=7','exited','');
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
  log_bytes INTEGER NOT NULL, size INTEGER NOT NULL DEFAULT 0) STRICT;
INSERT INTO programs VALUES(0,0,0,-1,0,0.5,1,1,0,1700000000000,10,9,8,1024,'aa','seed','full','ok','the seed','','{}','{}','','{}','','evaluations/0/attempt_1/job_log.err',0,38);
INSERT INTO programs VALUES(1,1,1,0,0,NULL,0,0,1,1700000001000,20,9,8,1024,'bb','literal','operator','timeout','1 to 2','over 1 s','{}','{}','','{}','tail','evaluations/1/attempt_1/job_log.err',4,38);
INSERT INTO programs VALUES(2,5,4,0,2,0.75,1,1,2,1700000002000,30,9,8,1024,'ee','literal','operator','ok','1 to 4','','{}','{}','','{}','','evaluations/4/attempt_1/job_log.err',0,38);
INSERT INTO programs VALUES(3,6,5,2,2,0.5,1,0,3,1700000003000,40,9,8,1024,'ff','swap','operator','ok','swapped','','{}','{}','','{}','','evaluations/5/attempt_1/job_log.err',0,38);
INSERT INTO programs VALUES(4,7,6,2,1,9.5,0,0,4,1700000004000,50,9,8,1024,'ab','literal','operator','incorrect','1 to 7','overlap','{}','{}','','{}','','evaluations/6/attempt_1/job_log.err',0,38);
CREATE TABLE counters(
  id INTEGER PRIMARY KEY CHECK(id = 1),
  proposals INTEGER NOT NULL,
  duplicates INTEGER NOT NULL,
  rejected INTEGER NOT NULL,
  no_change INTEGER NOT NULL,
  failed INTEGER NOT NULL,
  evaluations INTEGER NOT NULL,
  attempts INTEGER NOT NULL,
  programs INTEGER NOT NULL,
  commits INTEGER NOT NULL) STRICT;
INSERT INTO counters VALUES(1,8,1,0,0,1,7,8,5,0);
CREATE TABLE outcomes(outcome TEXT PRIMARY KEY NOT NULL, programs INTEGER NOT NULL) STRICT;
INSERT INTO outcomes VALUES('ok',3);
INSERT INTO outcomes VALUES('timeout',1);
INSERT INTO outcomes VALUES('incorrect',1);
CREATE TABLE island_moves(event INTEGER PRIMARY KEY, moves TEXT NOT NULL) STRICT;
INSERT INTO island_moves VALUES(1,'0:0+1 0:0+2 0:0+3');
INSERT INTO island_moves VALUES(4,'3:2>0 2:2>1');
INSERT INTO island_moves VALUES(5,'2:1>3');
CREATE TABLE ranking(
  score REAL NOT NULL,
  generation INTEGER NOT NULL,
  PRIMARY KEY(score DESC, generation)) STRICT, WITHOUT ROWID;
INSERT INTO ranking VALUES(0.75,2);
INSERT INTO ranking VALUES(0.5,0);
INSERT INTO ranking VALUES(0.5,3);
CREATE TABLE unranked(generation INTEGER PRIMARY KEY, score REAL NOT NULL) STRICT;
CREATE INDEX programs_improved ON programs(generation) WHERE improved;
COMMIT;
