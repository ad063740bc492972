private import Synchronization

/// How far into the past of each store its reader may look: never before what it wrote or has already read.
///
/// One belongs to one session. Within a request it is task-local; between requests and processes it travels as text.
/// Where none is current, reads see everything that is committed.
package final class Consistency: Sendable {
    @TaskLocal package static var current: Consistency?

    /// Positions in the histories of stores, by the store's name; comparable within one store only.
    private let positions = Mutex<[String: UInt64]>([:])
    /// Whether its reads see everything that is committed, as if none were current; it advances all the same.
    package let readsPrimary: Bool

    package init(_ positions: [String: UInt64] = [:], readsPrimary: Bool = false) {
        self.readsPrimary = readsPrimary
        for (store, position) in positions { advance(store, to: position) }
    }

    /// 0 where nothing is known; the last there can be once too many stores are known to keep this one's, so that
    /// its reads see everything.
    package func position(in store: String) -> UInt64 {
        positions.withLock { $0[store] ?? ($0.count < Self.maximumStores ? 0 : .max) }
    }

    /// Later reads see `store` at `position` or later. Going back changes nothing.
    package func advance(_ store: String, to position: UInt64) {
        guard Self.isName(store) else { return }
        positions.withLock { positions in
            guard positions[store] != nil || positions.count < Self.maximumStores else { return }
            positions[store] = max(positions[store] ?? 0, position)
        }
    }

    /// Takes in what another part of the same session knows.
    package func merge(_ other: Consistency) {
        for (store, position) in other.all { advance(store, to: position) }
    }

    /// A session that also knows what `text`, which a client sent, tells. Text of another form tells nothing.
    package func merged(with text: String?, readsPrimary: Bool = false) -> Consistency {
        let session = Consistency(all, readsPrimary: self.readsPrimary || readsPrimary)
        if let told = text.flatMap(Consistency.init(text:)) { session.merge(told) }
        return session
    }

    package var all: [String: UInt64] { positions.withLock { $0 } }
}

extension Consistency {
    /// Limits of the text form, which clients send back in a header.
    package static let maximumStores = 16
    package static let maximumNameLength = 32
    package static let maximumLength = maximumStores * (maximumNameLength + 18)

    /// `store=hex` joined by `,`: names of letters, digits, `.`, `_`, `-`, up to 16 digits. Nil for any other text,
    /// longer than its limits allow or naming a store twice.
    package convenience init?(text: String) {
        guard text.utf8.count <= Self.maximumLength else { return nil }
        var positions: [String: UInt64] = [:]
        let parts = text.isEmpty ? [] : text.split(separator: ",", omittingEmptySubsequences: false)
        guard parts.count <= Self.maximumStores else { return nil }
        for part in parts {
            let pair = part.split(separator: "=", omittingEmptySubsequences: false)
            guard pair.count == 2, Self.isName(pair[0]), let position = Self.position(pair[1]) else {
                return nil
            }
            guard positions.updateValue(position, forKey: String(pair[0])) == nil else { return nil }
        }
        self.init(positions)
    }

    package var text: String {
        all.sorted { $0.key < $1.key }.map { "\($0.key)=\(String($0.value, radix: 16))" }.joined(
            separator: ",")
    }

    private static func isName(_ text: some StringProtocol) -> Bool {
        guard !text.isEmpty, text.utf8.count <= maximumNameLength else { return false }
        return text.utf8.allSatisfy { byte in
            switch byte {
            case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "."), UInt8(ascii: "_"),
                UInt8(ascii: "-"):
                true
            default: false
            }
        }
    }

    private static func position(_ text: Substring) -> UInt64? {
        // `UInt64` alone would take a sign.
        guard text.utf8.count <= 16, text.utf8.first != UInt8(ascii: "+") else { return nil }
        return UInt64(text, radix: 16)
    }
}
