BEGIN TRANSACTION;
CREATE TABLE about (
	word TEXT NOT NULL, 
	value INTEGER NOT NULL, 
	PRIMARY KEY (word)
)
 WITHOUT ROWID

;
INSERT INTO "about" VALUES('version',0);
CREATE TABLE account (
	holder TEXT NOT NULL, 
	login TEXT NOT NULL, 
	password TEXT, 
	totp TEXT, 
	totp_new TEXT, 
	totp_step BIGINT DEFAULT '0' NOT NULL, 
	lang TEXT, 
	made BIGINT NOT NULL, 
	signed_in BIGINT, 
	PRIMARY KEY (holder), 
	UNIQUE (login)
)
 WITHOUT ROWID

;
CREATE TABLE alembic_version (
	version_num VARCHAR(32) NOT NULL, 
	CONSTRAINT alembic_version_pkc PRIMARY KEY (version_num)
);
INSERT INTO "alembic_version" VALUES('a1');
CREATE TABLE api_token (
	hash TEXT NOT NULL, 
	"key" TEXT NOT NULL, 
	holder TEXT NOT NULL, 
	name TEXT NOT NULL, 
	scopes TEXT NOT NULL, 
	sites TEXT NOT NULL, 
	made_by TEXT NOT NULL, 
	made BIGINT NOT NULL, 
	ends BIGINT NOT NULL, 
	used BIGINT, 
	PRIMARY KEY (hash), 
	UNIQUE ("key")
)
 WITHOUT ROWID

;
CREATE TABLE link (
	hash TEXT NOT NULL, 
	holder TEXT, 
	made_by TEXT NOT NULL, 
	ends BIGINT NOT NULL, 
	PRIMARY KEY (hash)
)
 WITHOUT ROWID

;
CREATE TABLE oidc (
	issuer TEXT NOT NULL, 
	subject TEXT NOT NULL, 
	holder TEXT NOT NULL, 
	PRIMARY KEY (issuer, subject)
)
 WITHOUT ROWID

;
CREATE TABLE passkey (
	id TEXT NOT NULL, 
	holder TEXT NOT NULL, 
	public_key TEXT NOT NULL, 
	sign_count BIGINT NOT NULL, 
	name TEXT NOT NULL, 
	made BIGINT NOT NULL, 
	used BIGINT, 
	PRIMARY KEY (id)
)
 WITHOUT ROWID

;
CREATE TABLE recovery (
	holder TEXT NOT NULL, 
	hash TEXT NOT NULL, 
	PRIMARY KEY (holder, hash)
)
 WITHOUT ROWID

;
CREATE TABLE session (
	hash TEXT NOT NULL, 
	"key" TEXT NOT NULL, 
	holder TEXT NOT NULL, 
	how TEXT NOT NULL, 
	stage TEXT NOT NULL, 
	made BIGINT NOT NULL, 
	seen BIGINT NOT NULL, 
	ends BIGINT NOT NULL, 
	fresh BIGINT NOT NULL, 
	address TEXT NOT NULL, 
	agent TEXT NOT NULL, 
	PRIMARY KEY (hash), 
	UNIQUE ("key")
)
 WITHOUT ROWID

;
CREATE INDEX passkey_holder ON passkey (holder);
CREATE INDEX session_holder ON session (holder);
CREATE INDEX api_token_holder ON api_token (holder);
COMMIT;
PRAGMA user_version = 0;
