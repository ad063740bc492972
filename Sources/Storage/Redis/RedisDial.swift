import Foundation
import Kernel
import NIOCore
import NIOPosix
import NIOSSL

/// Opens channels to servers and logs in.
struct RedisDial: Sendable {
    let address: RedisAddress
    let settings: RedisSettings
    private let tls: NIOSSLContext?

    /// Throws what is wrong with the certificates.
    init(address: RedisAddress, settings: RedisSettings) throws {
        self.address = address
        self.settings = settings
        tls = try address.tls.map { try Self.context($0) }
    }

    private static func context(_ tls: RedisAddress.TLS) throws -> NIOSSLContext {
        var configuration = TLSConfiguration.makeClientConfiguration()
        do {
            if let authorities = tls.authorities {
                configuration.trustRoots = .certificates(try NIOSSLCertificate.fromPEMFile(authorities))
            }
            if let certificate = tls.certificate, let key = tls.key {
                configuration.certificateChain = try NIOSSLCertificate.fromPEMFile(certificate).map {
                    .certificate($0)
                }
                configuration.privateKey = .privateKey(try NIOSSLPrivateKey(file: key, format: .pem))
            }
            return try NIOSSLContext(configuration: configuration)
        } catch {
            throw Failure(
                .invalid, "invalid_redis_url",
                "A certificate or key that the Redis URL names cannot be used.",
                cause: error)
        }
    }

    /// An open, logged-in channel to `endpoint`, whose handler has no events yet.
    func open(
        _ endpoint: RedisEndpoint, on loop: any EventLoop, as purpose: RedisPurpose,
        until deadline: NIODeadline
    ) async throws -> RedisChannel {
        let remaining = deadline - .now()
        guard remaining > .zero else {
            throw Failure(.timeout, "timeout", "Redis could not be reached in time.")
        }
        let channel: RedisChannel
        do {
            channel = try await ClientBootstrap(group: loop)
                .connectTimeout(remaining)
                .channelOption(.tcpOption(.tcp_nodelay), value: 1)
                .channelOption(.socketOption(.so_keepalive), value: 1)
                .channelOption(
                    .recvAllocator,
                    value: AdaptiveRecvByteBufferAllocator(minimum: 4096, initial: 16_384, maximum: 262_144)
                )
                .connect(host: endpoint.host, port: endpoint.port) { channel in
                    channel.eventLoop.makeCompletedFuture { try prepare(channel, for: endpoint) }
                }
        } catch {
            throw Failure.unavailable("Redis at \(endpoint)", cause: error)
        }
        do {
            try await login(channel, purpose, until: deadline)
        } catch {
            await channel.close()
            throw Self.explained(error, endpoint)
        }
        return channel
    }

    private func prepare(_ channel: any Channel, for endpoint: RedisEndpoint) throws -> RedisChannel {
        if let tls {
            // Addresses are no server names; the certificate is then compared with the address.
            let isAddress = (try? SocketAddress(ipAddress: endpoint.host, port: endpoint.port)) != nil
            let handler = try NIOSSLClientHandler(
                context: tls, serverHostname: isAddress ? nil : endpoint.host)
            try channel.pipeline.syncOperations.addHandler(handler)
        }
        let handler = try RedisChannelHandler(
            maximumReplyBytes: max(settings.maximumReplyBytes, settings.maximumValueBytes + 65_536))
        try channel.pipeline.syncOperations.addHandler(handler)
        return RedisChannel(
            channel: channel, endpoint: endpoint, isEncrypted: tls != nil,
            handler: NIOLoopBound(handler, eventLoop: channel.eventLoop)
        )
    }

    /// Whether the server took the name is of no weight.
    private func login(_ channel: RedisChannel, _ purpose: RedisPurpose, until deadline: NIODeadline)
        async throws
    {
        var commands: [RedisCommand] = []
        if let login = purpose == .sentinel ? address.sentinelLogin : address.login {
            let user = login.user.map { [RedisCommand.Argument.text($0)] } ?? []
            commands.append(RedisCommand(name: "AUTH", leading: user + [.text(login.password)]))
        }
        if purpose != .sentinel {
            if address.database != 0 {
                commands.append(RedisCommand(name: "SELECT", leading: [.integer(Int64(address.database))]))
            }
            commands.append(RedisCommand(name: "ROLE"))
        }
        commands.append(RedisCommand(name: "PING"))
        let name = RedisCommand(name: "CLIENT", leading: [.text("SETNAME"), .text(settings.clientName)])
        let replies = try await channel.ask(commands + [name], until: deadline)
        for (command, reply) in zip(commands, replies) {
            try check(reply, to: command, purpose)
        }
    }

    private func check(_ reply: RedisReply, to command: RedisCommand, _ purpose: RedisPurpose) throws {
        let isRole = command.name.description == "ROLE"
        if case .error(let refusal) = reply {
            // A user may lack the right to ask; only behind Sentinels must the answer be known.
            if isRole, purpose != .primary || refusal.code != "NOPERM" { return }
            throw refusal
        }
        guard isRole, purpose == .primary, let role = reply.array?.first?.text, role != "master" else {
            return
        }
        throw Failure(.unavailable, "unavailable", "The server that should be the primary is a \(role).")
    }

    private static func explained(_ error: any Error, _ endpoint: RedisEndpoint) -> any Error {
        switch error {
        case let refusal as RedisRefusal
        where ["WRONGPASS", "NOAUTH", "NOPERM", "ERR"].contains(refusal.code):
            Failure(
                .unavailable, "unavailable", "Redis at \(endpoint) refused the login: \(refusal.text)",
                cause: refusal)
        case let refusal as RedisRefusal: Failure.unavailable("Redis at \(endpoint)", cause: refusal)
        case let interruption as RedisInterruption: interruption.failure
        default: error
        }
    }
}

/// What a channel is for, which decides how it logs in and what the server must be.
enum RedisPurpose: Sendable, Equatable {
    /// Whatever listens there.
    case any
    /// Refused unless it is a primary.
    case primary
    case sentinel
}
