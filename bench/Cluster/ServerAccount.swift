import Foundation

/// The unprivileged user that servers run as.
struct ServerAccount: Sendable, Codable, Equatable {
    let name: String
    let uid: UInt32
    let gid: UInt32

    /// Nil for everyone but root: then servers run as who starts them.
    static func current() throws -> ServerAccount? {
        guard geteuid() == 0 else { return nil }
        for name in ["postgres", "nobody"] {
            if let entry = getpwnam(name) {
                return ServerAccount(name: name, uid: entry.pointee.pw_uid, gid: entry.pointee.pw_gid)
            }
        }
        throw ClusterFailure("Servers do not run as root, and there is no user postgres or nobody.")
    }

    /// Gives a file or a folder, without what is in it, to the account.
    func own(_ path: String) throws {
        guard chown(path, uid, gid) == 0 else {
            throw ClusterFailure("\(path) cannot be given to \(name): \(String(cString: strerror(errno)))")
        }
    }

    /// Drops all privileges, then becomes the command: the process keeps its number.
    func wrapping(_ command: [String]) -> [String] {
        ["/usr/bin/setpriv", "--reuid=\(uid)", "--regid=\(gid)", "--init-groups", "--inh-caps=-all", "--"]
            + command
    }
}
