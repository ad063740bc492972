private import Foundation
import Kernel

/// A listening socket that this process got from who started it.
///
/// Its queue of connections belongs to all processes that hold it: one that closes it loses nothing, the others take
/// what waits. So a gateway can be replaced, or be two, behind one address.
package struct InheritedListener: Sendable, Equatable {
    /// Not passed on to children.
    package let descriptor: Int32

    /// Takes `descriptor` over, under another number: whatever was at the old one, nobody can close it by chance.
    /// `invalid` if it is no TCP socket that listens.
    package init(_ descriptor: Int32) throws {
        guard Self.option(SO_ACCEPTCONN, of: descriptor) == 1,
            Self.option(SO_TYPE, of: descriptor) == Int32(SOCK_STREAM.rawValue),
            [AF_INET, AF_INET6].contains(Self.option(SO_DOMAIN, of: descriptor))
        else {
            throw Failure(
                .invalid, "invalid_listener", "Descriptor \(descriptor) is no TCP socket that listens.")
        }
        let own = fcntl(descriptor, F_DUPFD_CLOEXEC, 3)
        guard own >= 0 else {
            throw Failure(.internal, "internal", "Descriptor \(descriptor) cannot be taken over.")
        }
        self.descriptor = own
        Self.release(descriptor)
    }

    /// The first descriptor by the convention of systemd (`LISTEN_FDS`), if it is meant for `process`.
    package static func announced(in environment: [String: String], to process: Int32) -> Int32? {
        guard environment["LISTEN_PID"] == "\(process)",
            let count = environment["LISTEN_FDS"].flatMap({ Int($0) }), count > 0
        else { return nil }
        return 3
    }

    /// Where it listens; 0 if that cannot be told.
    var port: Int {
        var address = sockaddr_storage()
        var length = socklen_t(MemoryLayout<sockaddr_storage>.size)
        let status = withUnsafeMutablePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { getsockname(descriptor, $0, &length) }
        }
        guard status == 0 else { return 0 }
        // In both families it stands behind two bytes of the family, high byte first.
        return withUnsafeBytes(of: &address) { Int($0[2]) << 8 | Int($0[3]) }
    }

    /// Never blocks whoever takes from it, and holds so many that wait: for all who share it.
    func prepare(backlog: Int32) {
        _ = fcntl(descriptor, F_SETFL, fcntl(descriptor, F_GETFL) | O_NONBLOCK)
        listen(descriptor, backlog)
    }

    /// Others may still hold it.
    func close() { Self.close(descriptor) }

    private static func close(_ descriptor: Int32) { Foundation.close(descriptor) }

    private static func option(_ name: Int32, of descriptor: Int32) -> Int32? {
        var value: Int32 = 0
        var length = socklen_t(MemoryLayout<Int32>.size)
        guard getsockopt(descriptor, SOL_SOCKET, name, &value, &length) == 0 else { return nil }
        return value
    }

    /// The standard ones stay open, on nothing: others expect them to be there.
    private static func release(_ descriptor: Int32) {
        guard descriptor <= 2 else {
            close(descriptor)
            return
        }
        let nothing = open("/dev/null", O_RDWR | O_CLOEXEC)
        guard nothing >= 0 else { return }
        dup2(nothing, descriptor)
        if nothing > 2 { close(nothing) }
    }
}
