BEGIN TRANSACTION;
CREATE TABLE alembic_version (
	version_num VARCHAR(32) NOT NULL, 
	CONSTRAINT alembic_version_pkc PRIMARY KEY (version_num)
);
INSERT INTO "alembic_version" VALUES('0008');
CREATE TABLE audit (
	id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT, 
	at_us BIGINT NOT NULL, 
	who TEXT NOT NULL, 
	role VARCHAR(16) NOT NULL, 
	action VARCHAR(32) NOT NULL, 
	target TEXT NOT NULL, 
	detail TEXT NOT NULL
);
INSERT INTO "audit" VALUES(1,1795611377806405,'ada','admin','token.create','aaaaaaaaaaaaaaaa','analyst for bob');
CREATE TABLE tokens (
	id VARCHAR(32) NOT NULL, 
	prefix VARCHAR(16) NOT NULL, 
	name TEXT NOT NULL, 
	role VARCHAR(16) NOT NULL, 
	hash BLOB NOT NULL, 
	created_us BIGINT NOT NULL, 
	last_used_us BIGINT, 
	expires_us BIGINT, 
	revoked_us BIGINT, 
	PRIMARY KEY (id), 
	UNIQUE (prefix)
);
INSERT INTO "tokens" VALUES('aaaaaaaaaaaaaaaa','0123abcd','bob','analyst',X'DD8D9B5E9CC8BD1E45DF1C2E1C3DC1E43CE2CC7E98F4BA3AA3F2EC3C3E4C9A53',1795611377806405,NULL,NULL,NULL);
CREATE TABLE events (
	seq INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT, 
	job_id VARCHAR(32) NOT NULL, 
	event VARCHAR(24) NOT NULL, 
	attempt INTEGER NOT NULL, 
	at_us BIGINT NOT NULL, 
	detail TEXT, 
	error BLOB
);
INSERT INTO "events" VALUES(1,'first00000000000','submitted',0,1795611377806405,NULL,NULL);
INSERT INTO "events" VALUES(2,'first00000000000','started',1,1795611377895777,NULL,NULL);
INSERT INTO "events" VALUES(3,'first00000000000','succeeded',1,1795611377974601,NULL,NULL);
INSERT INTO "events" VALUES(4,'second0000000000','submitted',0,1795611378009351,NULL,NULL);
INSERT INTO "events" VALUES(5,'second0000000000','started',1,1795611378050204,NULL,NULL);
INSERT INTO "events" VALUES(6,'third00000000000','submitted',0,1795611378103051,NULL,NULL);
CREATE TABLE idempotency_keys (
	owner TEXT NOT NULL, 
	"key" VARCHAR(255) NOT NULL, 
	fingerprint VARCHAR(64) NOT NULL, 
	job_id VARCHAR(32) NOT NULL, 
	expires_us BIGINT NOT NULL, 
	PRIMARY KEY (owner, "key")
);
CREATE TABLE job_counts (
	state VARCHAR(16) NOT NULL, 
	source TEXT NOT NULL, 
	owner TEXT NOT NULL, 
	jobs BIGINT NOT NULL, 
	PRIMARY KEY (state, source, owner)
);
INSERT INTO "job_counts" VALUES('queued','sample','bob',1);
INSERT INTO "job_counts" VALUES('running','sample','ada',1);
INSERT INTO "job_counts" VALUES('succeeded','sample','ada',1);
CREATE TABLE job_json (
	n INTEGER NOT NULL, 
	text TEXT NOT NULL, 
	PRIMARY KEY (n)
);
INSERT INTO "job_json" VALUES(1,'{"id":"first00000000000","name":"The first","preview":"select 1","source":"sample","owner":"ada","state":"succeeded","phase":null,"progress":{"fraction":1.0,"basis":"measured","rows":0,"bytes":0,"memory_bytes":0,"spill_bytes":0,"eta_low_s":null,"eta_high_s":null,"stalled_s":0.0},"kind":null,"priority":0,"attempt":1,"submitted_at":"2026-11-25T12:56:17.806405Z","started_at":"2026-11-25T12:56:17.895777Z","finished_at":"2026-11-25T12:56:17.974601Z","cancel_requested_at":null,"cancel_confirmed":null,"error":null,"result":null,"seq":3}');
CREATE TABLE jobs (
	n INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT, 
	id VARCHAR(32) NOT NULL, 
	name TEXT NOT NULL, 
	preview TEXT NOT NULL, 
	source TEXT NOT NULL, 
	owner TEXT NOT NULL, 
	state VARCHAR(16) NOT NULL, 
	kind VARCHAR(8), 
	priority INTEGER NOT NULL, 
	attempt INTEGER NOT NULL, 
	submitted_us BIGINT NOT NULL, 
	started_us BIGINT, 
	finished_us BIGINT, 
	cancel_requested_us BIGINT, 
	cancel_confirmed BOOLEAN, 
	limits BLOB NOT NULL, 
	progress BLOB, 
	error BLOB, 
	result BLOB, 
	retry_of VARCHAR(32), 
	seq BIGINT NOT NULL, 
	sql TEXT NOT NULL, parameters BLOB, worker VARCHAR(100), task_id VARCHAR(200), 
	UNIQUE (id)
);
INSERT INTO "jobs" VALUES(1,'first00000000000','The first','select 1','sample','ada','succeeded',NULL,0,1,1795611377806405,1795611377895777,1795611377974601,NULL,NULL,X'7B226D656D6F72795F6279746573223A6E756C6C2C2272756E5F73223A6E756C6C2C2271756575655F73223A6E756C6C7D',X'7B226672616374696F6E223A312E302C226261736973223A226D65617375726564222C22726F7773223A302C226279746573223A302C226D656D6F72795F6279746573223A302C227370696C6C5F6279746573223A302C226574615F6C6F775F73223A6E756C6C2C226574615F686967685F73223A6E756C6C2C227374616C6C65645F73223A302E307D',NULL,NULL,NULL,3,'select 1',NULL,NULL,NULL);
INSERT INTO "jobs" VALUES(2,'second0000000000','select 2','select 2','sample','ada','running',NULL,0,1,1795611378009351,1795611378050204,NULL,NULL,NULL,X'7B226D656D6F72795F6279746573223A6E756C6C2C2272756E5F73223A6E756C6C2C2271756575655F73223A6E756C6C7D',X'7B226672616374696F6E223A6E756C6C2C226261736973223A226E6F6E65222C22726F7773223A302C226279746573223A302C226D656D6F72795F6279746573223A302C227370696C6C5F6279746573223A302C226574615F6C6F775F73223A6E756C6C2C226574615F686967685F73223A6E756C6C2C227374616C6C65645F73223A302E307D',NULL,NULL,NULL,5,'select 2',NULL,NULL,NULL);
INSERT INTO "jobs" VALUES(3,'third00000000000','select 3','select 3','sample','bob','queued',NULL,0,0,1795611378103051,NULL,NULL,NULL,NULL,X'7B226D656D6F72795F6279746573223A6E756C6C2C2272756E5F73223A6E756C6C2C2271756575655F73223A6E756C6C7D',X'7B226672616374696F6E223A6E756C6C2C226261736973223A226E6F6E65222C22726F7773223A302C226279746573223A302C226D656D6F72795F6279746573223A302C227370696C6C5F6279746573223A302C226574615F6C6F775F73223A6E756C6C2C226574615F686967685F73223A6E756C6C2C227374616C6C65645F73223A302E307D',NULL,NULL,NULL,6,'select 3',NULL,NULL,NULL);
CREATE TABLE meta (
	"key" VARCHAR(32) NOT NULL, 
	value TEXT NOT NULL, 
	PRIMARY KEY ("key")
);
INSERT INTO "meta" VALUES('epoch','6651aeb5445952fc');
INSERT INTO "meta" VALUES('indexed_n','3');
INSERT INTO "meta" VALUES('unindexed_n','0');
INSERT INTO "meta" VALUES('json_format','d08d274d');
INSERT INTO "meta" VALUES('unwritten_n','0');
CREATE TABLE saved_queries (
	id VARCHAR(32) NOT NULL, 
	folder TEXT NOT NULL, 
	title TEXT NOT NULL, 
	description TEXT NOT NULL, 
	source TEXT, 
	sql TEXT NOT NULL, 
	parameters BLOB, 
	owner TEXT NOT NULL, 
	changed_us BIGINT NOT NULL, 
	PRIMARY KEY (id)
);
CREATE TABLE sources (
	name VARCHAR(100) NOT NULL, 
	engine VARCHAR(100) NOT NULL, 
	title TEXT NOT NULL, 
	description TEXT NOT NULL, 
	options BLOB NOT NULL, 
	secrets BLOB, 
	max_running INTEGER, 
	changed_us BIGINT NOT NULL, 
	PRIMARY KEY (name)
);
INSERT INTO "sources" VALUES('kept','duckdb','Kept','',X'7B226F7074696F6E73223A7B7D2C227265666572656E636573223A7B7D2C227365616C6564223A5B5D7D',NULL,NULL,1764000000000000);
CREATE TABLE runs (
	job_id VARCHAR(32) NOT NULL, 
	digest VARCHAR(64) NOT NULL, 
	source TEXT NOT NULL, 
	engine VARCHAR(100) NOT NULL, 
	tables BLOB NOT NULL, 
	operators BLOB NOT NULL, 
	numbers BLOB NOT NULL, 
	ended_us BIGINT NOT NULL, 
	duration_s DOUBLE NOT NULL, 
	cpu_s DOUBLE NOT NULL, 
	rows BIGINT NOT NULL, 
	bytes BIGINT NOT NULL, 
	memory_bytes BIGINT NOT NULL, 
	others DOUBLE NOT NULL, 
	repeat BOOLEAN NOT NULL, 
	fraction_error DOUBLE, 
	range_held DOUBLE, 
	range_width DOUBLE, 
	trace BLOB NOT NULL, 
	PRIMARY KEY (job_id)
);
INSERT INTO "runs" VALUES('first00000000000','d','sample','duckdb',X'5B22666C6967687473225D',X'5B226A6F696E222C22736F7274225D',X'5B323031332E302C302E355D',1772323260000000,11.0,19.5,1099511627776,2199023255552,1073741824,0.5,0,0.02,0.9,0.4,X'789CEB5A999A9358509C9A125F3CE53403149CB6DF391304669DB63F09635C3606019395694589C92599F97940E5FB3FC0945F80311EC0182F208C2545F9E5C55318CE03994C203E88C10263B081184B932A4B52A14A386032023086045849724129AAF34E04BE6E95DB1174DAFE068CF1C8B660F1752EBB35B9A9B9F94595F11043CF390055A311AB8B0B327372A00A40A6ADC8CC87F1CE0A309C5560386BC0B0AC2023B11828C20C04AB8A4B124B527353F34A8AA730020100E2935FFA');
CREATE INDEX jobs_by_seq ON jobs (seq);
CREATE INDEX jobs_by_turn ON jobs (state, priority, owner, source, n, id);
CREATE INDEX events_by_job ON events (job_id, seq);
CREATE INDEX events_by_kind ON events (event, seq);
CREATE INDEX idempotency_keys_by_expiry ON idempotency_keys (expires_us);
CREATE INDEX jobs_by_kind ON jobs (state, source, owner, n);
CREATE INDEX jobs_by_time ON jobs (submitted_us, n);
CREATE INDEX jobs_long ON jobs (n) WHERE length(sql) > 10000;
CREATE INDEX runs_by_accuracy ON runs (source, repeat, fraction_error, range_held, range_width);
CREATE INDEX runs_by_digest ON runs (digest, ended_us, job_id);
CREATE INDEX runs_by_source ON runs (source, ended_us, job_id);
CREATE INDEX runs_by_time ON runs (ended_us, job_id);
CREATE VIRTUAL TABLE jobs_text USING fts5(text, content='', tokenize='trigram', detail='none', columnsize=0);
INSERT INTO jobs_text (rowid, text) SELECT n, CASE jobs.name WHEN substr(jobs.preview, 1, 80) THEN '' ELSE jobs.name || char(10) END || jobs.source || char(10) || jobs.owner || char(10) || jobs.id || char(10) || substr(jobs.sql, 1, 10000) FROM jobs;
CREATE TRIGGER jobs_counted AFTER INSERT ON jobs BEGIN INSERT INTO job_counts (state, source, owner, jobs) VALUES (new.state, new.source, new.owner, 1) ON CONFLICT (state, source, owner) DO UPDATE SET jobs = jobs + excluded.jobs; END;
CREATE TRIGGER jobs_uncounted AFTER DELETE ON jobs BEGIN INSERT INTO job_counts (state, source, owner, jobs) VALUES (old.state, old.source, old.owner, -1) ON CONFLICT (state, source, owner) DO UPDATE SET jobs = jobs + excluded.jobs; END;
CREATE TRIGGER jobs_recounted AFTER UPDATE OF state ON jobs WHEN old.state <> new.state BEGIN INSERT INTO job_counts (state, source, owner, jobs) VALUES (old.state, old.source, old.owner, -1) ON CONFLICT (state, source, owner) DO UPDATE SET jobs = jobs + excluded.jobs; INSERT INTO job_counts (state, source, owner, jobs) VALUES (new.state, new.source, new.owner, 1) ON CONFLICT (state, source, owner) DO UPDATE SET jobs = jobs + excluded.jobs; END;
CREATE TRIGGER jobs_indexed AFTER INSERT ON jobs WHEN new.n % 100 = 0 BEGIN INSERT INTO jobs_text (rowid, text) SELECT n, CASE jobs.name WHEN substr(jobs.preview, 1, 80) THEN '' ELSE jobs.name || char(10) END || jobs.source || char(10) || jobs.owner || char(10) || jobs.id || char(10) || substr(jobs.sql, 1, 10000) FROM jobs WHERE n > (SELECT CAST(value AS INTEGER) FROM meta WHERE key = 'indexed_n'); UPDATE meta SET value = new.n WHERE key = 'indexed_n'; END;
CREATE TRIGGER jobs_rewritten AFTER UPDATE ON jobs BEGIN DELETE FROM job_json WHERE n = old.n; END;
CREATE TRIGGER jobs_unwritten AFTER DELETE ON jobs BEGIN DELETE FROM job_json WHERE n = old.n; END;
CREATE TRIGGER jobs_unindexed AFTER DELETE ON jobs WHEN old.n <= (SELECT CAST(value AS INTEGER) FROM meta WHERE key = 'indexed_n') AND old.n > (SELECT CAST(value AS INTEGER) FROM meta WHERE key = 'unindexed_n') BEGIN INSERT INTO jobs_text (jobs_text, rowid, text) VALUES ('delete', old.n, CASE old.name WHEN substr(old.preview, 1, 80) THEN '' ELSE old.name || char(10) END || old.source || char(10) || old.owner || char(10) || old.id || char(10) || substr(old.sql, 1, 10000)); END;
DELETE FROM "sqlite_sequence";
INSERT INTO "sqlite_sequence" VALUES('events',6);
INSERT INTO "sqlite_sequence" VALUES('jobs',3);
COMMIT;
