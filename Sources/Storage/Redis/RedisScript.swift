import Kernel

/// What Redis runs as one step, upon one key, and answers with a number.
struct RedisScript: Sendable {
    let text: String
    /// SHA-1 of the text, as Redis names it.
    let hash: String

    init(_ text: String, hash: String) {
        self.text = text
        self.hash = hash
    }

    /// Scripts are forgotten by a server that restarts, fails over or is told to; then it gets the text anew.
    func run(
        on client: RedisClient, _ key: RedisKey, _ arguments: [RedisCommand.Argument]
    ) async throws -> Int64 {
        do {
            return try await number(
                RedisCommand(
                    name: "EVALSHA", leading: [.text(hash), .integer(1)], key: key, trailing: arguments),
                client)
        } catch let failure as Failure {
            guard let refusal = failure.cause as? RedisRefusal, refusal.code == "NOSCRIPT" else {
                throw failure
            }
        }
        return try await number(
            RedisCommand(name: "EVAL", leading: [.text(text), .integer(1)], key: key, trailing: arguments),
            client)
    }

    private func number(_ command: RedisCommand, _ client: RedisClient) async throws -> Int64 {
        guard let number = try await client.send(command).integer else {
            throw Failure(.internal, "internal", "Something went wrong on our side.")
        }
        return number
    }
}
