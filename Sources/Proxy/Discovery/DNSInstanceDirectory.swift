private import Foundation
package import Kernel
import NIOCore
import NIOPosix

/// Instances by the addresses behind a name, such as a headless service of Kubernetes, which lists the ready ones.
///
/// An id is the role and the address, so that who comes back at its address is taken for the same.
package final class DNSInstanceDirectory: InstanceDirectory {
    package struct Name: Sendable, Equatable {
        package let host: String
        package let port: Int

        package init(host: String, port: Int) {
            self.host = host
            self.port = port
        }
    }

    private let names: [String: Name]
    /// The resolver blocks for seconds when a server is silent.
    private let threads: NIOThreadPool

    /// `names` by role. Two threads resolve, until `close`.
    package init(_ names: [String: Name]) {
        self.names = names
        threads = NIOThreadPool(numberOfThreads: 2)
        threads.start()
    }

    /// A name that does not exist has no instances; `unavailable` if it cannot be resolved.
    package func instances(of role: String) async throws -> [Instance] {
        guard let name = names[role] else { return [] }
        let hosts = try await threads.runIfActive { try Self.addresses(of: name.host) }
        return hosts.sorted().map { host in
            let address = Instance.Address(host: host, port: name.port)
            return Instance(
                id: "\(role)@\(address)", role: role, address: address, startedAt: Timestamp(milliseconds: 0))
        }
    }

    package func changes() async throws -> (any AsyncSequence<[UInt8], Never> & Sendable)? { nil }

    package func close() async {
        // Only who closed it already makes it fail.
        try? await threads.shutdownGracefully()
    }

    private static func addresses(of host: String) throws -> Set<String> {
        var hints = addrinfo()
        hints.ai_family = AF_UNSPEC
        hints.ai_socktype = Int32(SOCK_STREAM.rawValue)
        var list: UnsafeMutablePointer<addrinfo>?
        let status = getaddrinfo(host, nil, &hints, &list)
        if status == EAI_NONAME { return [] }
        guard status == 0 else {
            throw Failure(
                .unavailable, "unavailable",
                "\(host) cannot be resolved: \(String(cString: gai_strerror(status))).")
        }
        defer { freeaddrinfo(list) }
        var hosts: Set<String> = []
        for entry in sequence(first: list, next: { $0?.pointee.ai_next }) {
            guard let entry = entry?.pointee, let address = entry.ai_addr else { break }
            var text = [CChar](repeating: 0, count: Int(NI_MAXHOST))
            let length = socklen_t(text.count)
            guard getnameinfo(address, entry.ai_addrlen, &text, length, nil, 0, NI_NUMERICHOST) == 0 else {
                continue
            }
            hosts.insert(
                String(decoding: text.prefix { $0 != 0 }.map(UInt8.init(bitPattern:)), as: UTF8.self))
        }
        return hosts
    }
}
