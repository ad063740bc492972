import Foundation
import Kernel

/// Statements of an owner outside of any transaction, such as those that make a database. Not for the application.
package struct PostgresConsole: Sendable {
    private let url: String
    private let deadline: Duration

    package init(url: String, deadline: Duration = .seconds(60)) {
        self.url = url
        self.deadline = deadline
    }

    /// Runs them one by one over one connection of its own, and returns the rows of the last as text.
    @discardableResult
    package func run(_ statements: String...) async throws -> [[String?]] {
        let (url, deadline) = (url, deadline)
        return try await withCheckedThrowingContinuation { continuation in
            let thread = Thread {
                continuation.resume(with: Result { try Self.run(statements, url, until: .now + deadline) })
            }
            thread.stackSize = 1 << 20
            thread.start()
        }
    }

    private static func run(
        _ statements: [String], _ url: String, until deadline: ContinuousClock.Instant
    ) throws -> [[String?]] {
        do {
            let connection = try PostgresConnection.open(
                try PostgresURL(url).parameters, statements: 1, until: deadline)
            var rows: [[String?]] = []
            for statement in statements {
                let command = try PostgresConnection.Command(statement, asText: true, isPrepared: false)
                switch try connection.exchange([[command]], until: deadline)[0].first {
                case .answer(let result): rows = (0..<result.count).map(result.texts)
                case .failed(let error): throw error
                default: throw PostgresError(.connectionLost, message: "no answer")
                }
            }
            return rows
        } catch let error as PostgresError {
            throw error.failure
        }
    }

    /// `url` with another database.
    package static func url(_ url: String, database: String) throws -> String {
        var parameters = try PostgresURL(url).parameters
        parameters["dbname"] = database
        return parameters.sorted { $0.key < $1.key }.map { key, value in
            let escaped = value.replacing("\\", with: "\\\\").replacing("'", with: "\\'")
            return "\(key)='\(escaped)'"
        }.joined(separator: " ")
    }
}
