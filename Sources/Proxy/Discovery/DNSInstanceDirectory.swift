private import CResolver
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

    /// A server for names, by its IPv4 address.
    package struct Server: Sendable, Equatable {
        package let address: String
        package let port: Int

        package init(address: String, port: Int) {
            self.address = address
            self.port = port
        }
    }

    private let names: [String: Name]
    private let server: Server?
    /// The resolver blocks for seconds when a server is silent.
    private let threads: NIOThreadPool

    /// `names` by role. Asks `server`, or those of the system. Two threads resolve, until `close`.
    package init(_ names: [String: Name], server: Server? = nil) {
        self.names = names
        self.server = server
        threads = NIOThreadPool(numberOfThreads: 2)
        threads.start()
    }

    /// A name that does not exist, or has no addresses, has no instances; `unavailable` if it cannot be resolved.
    package func instances(of role: String) async throws -> [Instance] {
        guard let name = names[role] else { return [] }
        let hosts = try await threads.runIfActive { [server] in try Self.addresses(of: name.host, server) }
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

    /// EAI_NODATA, which not every overlay of the C library shows: the name exists, without addresses.
    private static let noAddresses: Int32 = -5

    private static func addresses(of host: String, _ server: Server?) throws -> Set<String> {
        if let server, cresolver_ask_only(server.address, UInt16(clamping: server.port)) != 0 {
            throw Failure(.invalid, "invalid_address", "\(server.address) is no IPv4 address.")
        }
        var hints = addrinfo()
        hints.ai_family = AF_UNSPEC
        hints.ai_socktype = Int32(SOCK_STREAM.rawValue)
        var list: UnsafeMutablePointer<addrinfo>?
        let status = getaddrinfo(host, nil, &hints, &list)
        if status == EAI_NONAME || status == noAddresses { return [] }
        guard status == 0 else {
            throw Failure(
                .unavailable, "unavailable",
                "\(host) cannot be resolved: \(String(cString: gai_strerror(status))).")
        }
        defer { freeaddrinfo(list) }
        return Set(sequence(first: list, next: { $0?.pointee.ai_next }).compactMap { $0.flatMap(text) })
    }

    private static func text(_ entry: UnsafeMutablePointer<addrinfo>) -> String? {
        var text = [CChar](repeating: 0, count: Int(NI_MAXHOST))
        let (address, length) = (entry.pointee.ai_addr, entry.pointee.ai_addrlen)
        let status = getnameinfo(address, length, &text, socklen_t(text.count), nil, 0, NI_NUMERICHOST)
        guard status == 0 else { return nil }
        return String(decoding: text.prefix { $0 != 0 }.map(UInt8.init(bitPattern:)), as: UTF8.self)
    }
}
