import Foundation
import FoundationNetworking
import Synchronization

/// How far the clients of one test have come in the histories of the stores, told by `Consistency-Token`.
///
/// The server promises each session its own writes; whoever is to see another's right behind the answer tells where that
/// one was, as any client may.
final class SharedPlace: Sendable {
    private static let field = "Consistency-Token"

    private let positions = Mutex<[Substring: UInt64]>([:])

    /// Takes in what an answer tells.
    func merge(_ token: String) {
        positions.withLock { positions in
            for part in token.split(separator: ",") {
                let pair = part.split(separator: "=")
                guard pair.count == 2, let position = UInt64(pair[1], radix: 16) else { continue }
                positions[pair[0]] = max(positions[pair[0]] ?? 0, position)
            }
        }
    }

    func apply(to request: inout URLRequest) {
        let token = positions.withLock { $0 }.map { "\($0)=\(String($1, radix: 16))" }.joined(separator: ",")
        if !token.isEmpty { request.setValue(token, forHTTPHeaderField: Self.field) }
    }
}
