//! What is known of secrets: the names that they are given, the shapes that services give to tokens, the options
//! by which programs take passwords.

/// A name by which a secret is assigned, or the end of one: `password` is in `--db-password` and `PGPASSWORD`.
#[derive(Debug)]
pub(super) struct Name {
    /// In lower case; a blank stands for nothing or for one of `_`, `-` and `.`.
    pub words: &'static str,
    /// Whether it must be a part of its own, so that `pass` is in `DB_PASS` but not in `bypass`.
    pub apart: bool,
    /// Whether only what looks random is secret there, since the name alone says too little.
    pub random: bool,
}

const fn sure(words: &'static str) -> Name {
    Name { words, apart: false, random: false }
}

const fn apart(words: &'static str) -> Name {
    Name { words, apart: true, random: false }
}

const fn perhaps(words: &'static str) -> Name {
    Name { words, apart: true, random: true }
}

/// The names.
pub(super) const NAMES: &[Name] = &[
    sure("access key"),
    sure("account key"),
    sure("api key"),
    sure("auth key"),
    sure("credential"),
    sure("credentials"),
    sure("encryption key"),
    sure("master key"),
    sure("oauth2 bearer"),
    sure("passphrase"),
    sure("passwd"),
    sure("password"),
    sure("private key"),
    sure("secret"),
    sure("secret key"),
    sure("shared key"),
    sure("signing key"),
    sure("sshpass"),
    sure("storepass"),
    sure("token"),
    apart("creds"),
    apart("keypass"),
    apart("pass"),
    apart("psk"),
    apart("pwd"),
    perhaps("auth"),
    perhaps("code"),
    perhaps("jwt"),
    perhaps("key"),
    perhaps("nonce"),
    perhaps("session"),
    perhaps("sessionid"),
    perhaps("sid"),
    perhaps("sig"),
    perhaps("signature"),
    perhaps("webhook"),
];

/// Names of headers whose whole value is secret but for the scheme before it (RFC 9110 §11.4).
pub(super) const HEADERS: &[&str] = &["authorization", "cookie"];

/// Schemes of such a header.
pub(super) const SCHEMES: &[&str] =
    &["apikey", "aws4-hmac-sha256", "basic", "bearer", "digest", "negotiate", "ntlm", "token"];

/// An option that begins with one of these asks for something or switches it off; no secret follows it.
pub(super) const VERBS: &[&str] =
    &["ask", "change", "gen", "generate", "no", "prompt", "reset", "show", "skip", "without"];

/// What isn't a secret whatever the name says.
pub(super) const WORDS: &[&str] =
    &["<na>", "false", "nil", "no", "none", "null", "off", "on", "true", "undefined", "yes"];

/// A secret that can be told by its shape.
#[derive(Debug)]
pub(super) struct Token {
    /// What it begins with, in this case.
    pub prefix: &'static str,
    /// Whether that may be shown.
    pub keep: bool,
    /// How many bytes of what follows the prefix belong to it; none where it isn't one.
    pub length: fn(&[u8]) -> usize,
}

/// The shapes.
pub(super) const TOKENS: &[Token] = &[
    token("-----BEGIN ", private_key),
    token("AIza", |rest| run(rest, 35, word)),
    token("AKIA", aws_key),
    token("ASIA", aws_key),
    behind("Bearer ", bearer),
    token("SG.", |rest| run(rest, 40, |byte| word(byte) || byte == b'.')),
    behind("api.telegram.org/bot", |rest| run(rest, 30, |byte| word(byte) || byte == b':')),
    behind("bearer ", bearer),
    token("dckr_pat_", |rest| run(rest, 20, word)),
    behind("discord.com/api/webhooks/", |rest| run(rest, 30, path)),
    token("dop_v1_", |rest| run(rest, 40, word)),
    token("eyJ", json_web_token),
    token("gho_", |rest| run(rest, 30, word)),
    token("ghp_", |rest| run(rest, 30, word)),
    token("ghr_", |rest| run(rest, 30, word)),
    token("ghs_", |rest| run(rest, 30, word)),
    token("ghu_", |rest| run(rest, 30, word)),
    token("github_pat_", |rest| run(rest, 30, word)),
    token("glcbt-", |rest| run(rest, 20, word)),
    token("gldt-", |rest| run(rest, 20, word)),
    token("glft-", |rest| run(rest, 20, word)),
    token("gloas-", |rest| run(rest, 20, word)),
    token("glpat-", |rest| run(rest, 20, word)),
    token("glptt-", |rest| run(rest, 20, word)),
    token("glrt-", |rest| run(rest, 20, word)),
    token("glsoat-", |rest| run(rest, 20, word)),
    token("hf_", |rest| run(rest, 30, word)),
    behind("hooks.slack.com/services/", |rest| run(rest, 20, path)),
    token("hvb.", |rest| run(rest, 24, word)),
    token("hvs.", |rest| run(rest, 24, word)),
    token("npm_", |rest| run(rest, 36, word)),
    token("pypi-", |rest| run(rest, 50, word)),
    token("rk_live_", |rest| run(rest, 20, word)),
    token("sk-ant-", |rest| run(rest, 20, word)),
    token("sk-proj-", |rest| run(rest, 20, word)),
    token("sk_live_", |rest| run(rest, 20, word)),
    behind("webhook.office.com/webhookb2/", |rest| run(rest, 30, |byte| path(byte) || byte == b'@')),
    token("xapp-", |rest| run(rest, 10, word)),
    token("xoxa-", |rest| run(rest, 10, word)),
    token("xoxb-", |rest| run(rest, 10, word)),
    token("xoxe-", |rest| run(rest, 10, word)),
    token("xoxe.xox", |rest| run(rest, 10, word)),
    token("xoxp-", |rest| run(rest, 10, word)),
    token("xoxr-", |rest| run(rest, 10, word)),
    token("xoxs-", |rest| run(rest, 10, word)),
];

const fn token(prefix: &'static str, length: fn(&[u8]) -> usize) -> Token {
    Token { prefix, keep: false, length }
}

const fn behind(prefix: &'static str, length: fn(&[u8]) -> usize) -> Token {
    Token { prefix, keep: true, length }
}

/// How many bytes from the start belong to it, where there are at least so many.
fn run(rest: &[u8], least: usize, belongs: fn(u8) -> bool) -> usize {
    let length = rest.iter().position(|byte| !belongs(*byte)).unwrap_or(rest.len());
    if length < least { 0 } else { length }
}

/// The alphabet of base64url (RFC 4648 §5) and of identifiers.
pub(super) fn word(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-')
}

fn path(byte: u8) -> bool {
    word(byte) || byte == b'/'
}

/// What the credentials of a header are made of (RFC 9110 §11.2).
fn base64(byte: u8) -> bool {
    path(byte) || matches!(byte, b'.' | b'~' | b'+' | b'=')
}

/// Credentials, and not a word behind «bearer».
fn bearer(rest: &[u8]) -> usize {
    let length = run(rest, 16, base64);
    if rest[..length].iter().any(u8::is_ascii_digit) { length } else { 0 }
}

/// 16 letters and digits behind the prefix of an access key's id.
fn aws_key(rest: &[u8]) -> usize {
    const LENGTH: usize = 16;
    let key = |bytes: &[u8]| bytes.iter().all(|byte| byte.is_ascii_uppercase() || byte.is_ascii_digit());
    let ends = rest.get(LENGTH).is_none_or(|byte| !byte.is_ascii_alphanumeric());
    if ends && rest.get(..LENGTH).is_some_and(key) { LENGTH } else { 0 }
}

/// Three parts or more, or two with a full stop behind them, of which the first two are JSON objects or what is
/// encrypted (RFC 7519 §3, RFC 7516 §3.1).
fn json_web_token(rest: &[u8]) -> usize {
    let part = |from: usize| from + run(&rest[from..], 0, word);
    let first = part(0);
    if first < 10 || rest.get(first) != Some(&b'.') {
        return 0;
    }
    let second = part(first + 1);
    if second < first + 8 || rest.get(second) != Some(&b'.') {
        return 0;
    }
    let mut end = part(second + 1);
    while rest.get(end) == Some(&b'.') && rest.get(end + 1).is_some_and(|byte| word(*byte)) {
        end = part(end + 1);
    }
    end
}

/// A PEM block of a private key, whole or cut off (RFC 7468 §2), also with line ends that are written out.
fn private_key(rest: &[u8]) -> usize {
    const LABEL: &[u8] = b"PRIVATE KEY";
    const LABEL_BYTES_MAX: usize = 48;
    const END: &[u8] = b"-----END ";
    let title = &rest[..rest.len().min(LABEL_BYTES_MAX)];
    let title = &title[..title.iter().position(|byte| *byte == b'-').unwrap_or(title.len())];
    let label = title.iter().all(|byte| byte.is_ascii_uppercase() || byte.is_ascii_digit() || *byte == b' ');
    if !label || !title.windows(LABEL.len()).any(|part| part == LABEL) {
        return 0;
    }
    let inside =
        |byte: u8| byte.is_ascii_alphanumeric() || byte.is_ascii_whitespace() || b"+/=\\:,-".contains(&byte);
    let body = &rest[..run(rest, 0, inside)];
    let Some(end) = body.windows(END.len()).position(|part| part == END) else { return body.len() };
    let title = &body[end + END.len()..];
    let dashes = title.iter().position(|byte| *byte == b'-').unwrap_or(title.len());
    end + END.len() + dashes + run(&title[dashes..], 0, |byte| byte == b'-')
}

/// Programs that take a secret by an option which means something else elsewhere.
#[derive(Debug)]
pub(super) struct Program {
    /// What they are called.
    pub names: &'static [&'static str],
    /// A word that must stand between the program and the option; empty where none must.
    pub command: &'static str,
    /// Whether it runs the program behind its options, whose options are not its own.
    pub runs: bool,
    /// The options.
    pub options: &'static [Opt],
}

/// An option of a program.
#[derive(Debug)]
pub(super) struct Opt {
    /// How it is written.
    pub flag: &'static str,
    /// Whether the secret is the next word.
    pub next: bool,
    /// Whether it may follow without a blank.
    pub attached: bool,
    /// What of the word is secret: all of it, or what is behind the first of these.
    pub behind: Option<char>,
}

const fn next(flag: &'static str) -> Opt {
    Opt { flag, next: true, attached: false, behind: None }
}

const fn attached(flag: &'static str) -> Opt {
    Opt { flag, next: false, attached: true, behind: None }
}

const fn either(flag: &'static str) -> Opt {
    Opt { flag, next: true, attached: true, behind: None }
}

const fn login(flag: &'static str, behind: char) -> Opt {
    Opt { flag, next: true, attached: true, behind: Some(behind) }
}

/// The programs.
pub(super) const PROGRAMS: &[Program] = &[
    Program {
        names: &["mysql", "mysqldump", "mysqladmin", "mysqlimport", "mysqlcheck", "mariadb", "mariadb-dump"],
        command: "",
        runs: false,
        options: &[attached("-p")],
    },
    Program { names: &["sshpass"], command: "", runs: true, options: &[either("-p")] },
    Program {
        names: &["mongo", "mongosh", "mongodump", "mongorestore", "mongoexport", "mongoimport"],
        command: "",
        runs: false,
        options: &[either("-p")],
    },
    Program { names: &["redis-cli"], command: "", runs: false, options: &[next("-a"), next("--pass")] },
    Program {
        names: &["docker", "podman", "nerdctl", "buildah", "skopeo", "helm", "oras", "crane", "az"],
        command: "login",
        runs: false,
        options: &[either("-p")],
    },
    Program {
        names: &["curl"],
        command: "",
        runs: false,
        options: &[login("-u", ':'), login("-U", ':'), login("--user", ':'), login("--proxy-user", ':')],
    },
    Program {
        names: &["smbclient", "rpcclient", "smbget", "net"],
        command: "",
        runs: false,
        options: &[login("-U", '%'), login("--user", '%')],
    },
    Program {
        names: &["ldapsearch", "ldapadd", "ldapmodify", "ldapdelete", "ldapwhoami"],
        command: "",
        runs: false,
        options: &[either("-w")],
    },
    Program { names: &["sqlcmd", "bcp", "ipmitool"], command: "", runs: false, options: &[either("-P")] },
    Program { names: &["rdesktop", "useradd", "usermod"], command: "", runs: false, options: &[next("-p")] },
    Program { names: &["xfreerdp", "xfreerdp3"], command: "", runs: false, options: &[attached("/p:")] },
    Program {
        names: &["7z", "7za", "7zr", "unrar", "rar"],
        command: "",
        runs: false,
        options: &[attached("-p")],
    },
    Program { names: &["zip", "unzip"], command: "", runs: false, options: &[either("-P")] },
    Program {
        names: &["snmpwalk", "snmpget", "snmpset", "snmpbulkwalk"],
        command: "",
        runs: false,
        options: &[next("-A"), next("-X"), next("-c")],
    },
    Program {
        names: &["openssl"],
        command: "",
        runs: false,
        options: &[
            login("-pass", ':'),
            login("-passin", ':'),
            login("-passout", ':'),
            next("-k"),
            next("-K"),
        ],
    },
];
