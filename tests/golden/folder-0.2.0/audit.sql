BEGIN TRANSACTION;
CREATE TABLE alembic_version (
	version_num VARCHAR(32) NOT NULL, 
	CONSTRAINT alembic_version_pkc PRIMARY KEY (version_num)
);
INSERT INTO "alembic_version" VALUES('a1');
CREATE TABLE entry (
	n INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT, 
	at BIGINT NOT NULL, 
	"by" TEXT NOT NULL, 
	action TEXT NOT NULL, 
	site TEXT, 
	subject TEXT, 
	detail TEXT NOT NULL, 
	outcome TEXT NOT NULL
);
CREATE INDEX entry_at ON entry (at);
CREATE INDEX entry_subject ON entry (subject);
DELETE FROM "sqlite_sequence";
COMMIT;
PRAGMA user_version = 0;
