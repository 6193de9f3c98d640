//! Releases with the program under test, on a server on this machine.

use std::fs;
use std::io::{BufRead, BufReader, Write};
use std::net::{TcpListener, TcpStream};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::{Arc, LazyLock, Mutex};

const PROGRAM: &str = env!("CARGO_BIN_EXE_twilio-sip-allow");

/// The repository whose releases the server has.
pub const REPOSITORY: &str = "OWNER/twilio-sip-allow";

/// The program without symbols, which is much smaller.
static STRIPPED: LazyLock<PathBuf> = LazyLock::new(|| {
    let stripped = Path::new(env!("CARGO_TARGET_TMPDIR")).join("twilio-sip-allow");
    run(Command::new("strip")
        .arg("-o")
        .args([&*stripped, Path::new(PROGRAM)]));
    stripped
});

fn run(command: &mut Command) {
    let output = command.output().unwrap();
    let stderr = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{command:?}: {stderr}");
}

/// A server with the releases of one repository. It serves the files of a folder until the tests end.
pub struct Releases {
    folder: tempfile::TempDir,
    /// The address of the server, as in `GITHUB_SERVER_URL`.
    pub server: String,
    requests: Arc<Mutex<Vec<String>>>,
}

impl Releases {
    pub fn new() -> Releases {
        let folder = tempfile::tempdir().unwrap();
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let server = format!("http://{}", listener.local_addr().unwrap());
        let requests = Arc::default();
        let (root, log) = (folder.path().to_owned(), Arc::clone(&requests));
        std::thread::spawn(move || {
            for stream in listener.incoming() {
                let _ = answer(&root, &log, &stream.unwrap());
            }
        });
        Releases {
            folder,
            server,
            requests,
        }
    }

    /// A server with a release of the program under test for Linux.
    pub fn of(version: &str) -> Releases {
        let releases = Releases::new();
        releases.publish(version, "x86_64-linux", &STRIPPED);
        releases
    }

    /// The address of all releases.
    pub fn address(&self) -> String {
        format!("{}/{REPOSITORY}/releases/download", self.server)
    }

    /// The folder of a release.
    pub fn of_version(&self, version: &str) -> PathBuf {
        self.folder
            .path()
            .join(format!("{REPOSITORY}/releases/download/v{version}"))
    }

    /// Adds an archive with a program to a release, and its sum.
    pub fn publish(&self, version: &str, system: &str, program: &Path) {
        let folder = self.of_version(version);
        let name = format!("twilio-sip-allow-{version}-{system}");
        let is_windows = system.ends_with("windows");
        let inside = if is_windows {
            "twilio-sip-allow.exe"
        } else {
            "twilio-sip-allow"
        };
        fs::create_dir_all(folder.join(&name)).unwrap();
        fs::copy(program, folder.join(&name).join(inside)).unwrap();
        let mut command = if is_windows {
            let mut zip = Command::new("python3");
            zip.args(["-m", "zipfile", "-c", &format!("{name}.zip")]);
            zip
        } else {
            let mut tar = Command::new("tar");
            tar.args(["--use-compress-program", "gzip -1", "-cf"]);
            tar.arg(format!("{name}.tar.gz"));
            tar
        };
        run(command.arg(&name).current_dir(&folder));
        run(Command::new("sh")
            .args([
                "-c",
                "sha256sum *.tar.gz *.zip >SHA256SUMS 2>/dev/null || true",
            ])
            .current_dir(&folder));
    }

    /// Replaces text in the sums of a release.
    pub fn edit_sums(&self, version: &str, edit: impl Fn(&str) -> String) {
        let sums = self.of_version(version).join("SHA256SUMS");
        let text = fs::read_to_string(&sums).unwrap();
        let edited = edit(&text);
        assert_ne!(edited, text);
        fs::write(sums, edited).unwrap();
    }

    /// The names of the requested files since the last call.
    pub fn requests(&self) -> Vec<String> {
        let paths = std::mem::take(&mut *self.requests.lock().unwrap());
        let name = |path: &String| path.rsplit('/').next().unwrap().to_owned();
        paths.iter().map(name).collect()
    }
}

fn answer(root: &Path, log: &Mutex<Vec<String>>, mut stream: &TcpStream) -> std::io::Result<()> {
    let mut lines = BufReader::new(stream).lines();
    let request = lines.next().unwrap_or_else(|| Ok(String::new()))?;
    for line in lines {
        if line?.is_empty() {
            break;
        }
    }
    let path = request.split(' ').nth(1).unwrap_or_default();
    log.lock().unwrap().push(path.to_owned());
    match fs::read(root.join(path.trim_start_matches('/'))) {
        Ok(bytes) => {
            let length = bytes.len();
            write!(
                stream,
                "HTTP/1.0 200 OK\r\nContent-Length: {length}\r\n\r\n"
            )?;
            stream.write_all(&bytes)
        }
        Err(_) => write!(
            stream,
            "HTTP/1.0 404 Not Found\r\nContent-Length: 0\r\n\r\n"
        ),
    }
}

/// A cargo that installs the program under test, and writes its arguments to `cargo.log` in its folder.
pub fn fake_cargo(folder: &Path) {
    let script = format!(
        "#!/bin/sh
echo \"$@\" >>\"${{0%/*}}/cargo.log\"
while [ \"$1\" != --root ]; do shift; done
mkdir -p \"$2/bin\"
ln -sf {PROGRAM} \"$2/bin/twilio-sip-allow\"
"
    );
    write_script(&folder.join("cargo"), &script);
}

/// Writes an executable file.
pub fn write_script(path: &Path, script: &str) {
    fs::write(path, script).unwrap();
    fs::set_permissions(path, fs::Permissions::from_mode(0o755)).unwrap();
}
