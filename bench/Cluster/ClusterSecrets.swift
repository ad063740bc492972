import Crypto
import Foundation

/// Random words that the servers and their clients share; kept in the folder for as long as the cluster
/// lives.
struct ClusterSecrets: Sendable, Codable, Equatable {
    /// Of the superuser `postgres`.
    var postgresAdmin = Self.word()
    var postgresReplicator = Self.word()
    var postgresOwner = Self.word()
    var postgresApp = Self.word()
    var redis = Self.word()
    var s3AccessKey = "CS" + Self.word(bytes: 9).uppercased()
    var s3SecretKey = Self.word(bytes: 20)
    /// Of the product's processes, which must all have the same: an Ed25519 key, and one for HMAC. Both in
    /// base64.
    var tokenKey = Self.key()
    var playbackKey = Self.key()
    /// Ed25519, of the gateways alone; apis get what belongs to it.
    var serviceKey = Self.key()

    var servicePublicKey: String {
        get throws {
            let key = try Curve25519.Signing.PrivateKey(
                rawRepresentation: Data(base64Encoded: serviceKey) ?? Data())
            return key.publicKey.rawRepresentation.base64EncodedString()
        }
    }

    /// Any 32 bytes are a key of either kind.
    static func key() -> String {
        var generator = SystemRandomNumberGenerator()
        return Data((0..<32).map { _ in UInt8.random(in: 0...255, using: &generator) }).base64EncodedString()
    }

    /// Hexadecimal, so that no URL, SQL text or configuration file needs to escape it.
    static func word(bytes count: Int = 16) -> String {
        var generator = SystemRandomNumberGenerator()
        return (0..<count).map { _ in
            let byte = UInt8.random(in: 0...255, using: &generator)
            return (byte < 16 ? "0" : "") + String(byte, radix: 16)
        }.joined()
    }
}
