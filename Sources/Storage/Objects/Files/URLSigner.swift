import Crypto
import Kernel

/// Signs and checks the URLs by which parts are sent:
/// `/objects/<upload>/parts/<number>?expires=<s>&signature=<hex>`.
///
/// Length and content type are signed but not in the URL: the receiver takes them from the request, so that
/// another length or type breaks the signature. The key follows from the upload's id.
struct URLSigner: Sendable {
    /// What a URL lets its holder send.
    struct Ticket: Sendable, Equatable {
        let upload: String
        let number: Int
        /// Seconds since 1970.
        let expiry: Int64
    }

    static let pathPrefix = "/objects/"

    private let key: SymmetricKey

    init(key: [UInt8]) { self.key = SymmetricKey(data: key) }

    /// Equal for equal arguments.
    func url(_ ticket: Ticket, length: Int64, contentType: String) -> String {
        let message = Self.message(ticket, length, contentType)
        let signature = HMAC<SHA256>.authenticationCode(for: message, using: key).hexadecimal
        return "\(Self.pathPrefix)\(ticket.upload)/parts/\(ticket.number)"
            + "?expires=\(ticket.expiry)&signature=\(signature)"
    }

    /// The ticket of a URL that this key signed. `signature_invalid`, `signature_expired`.
    func ticket(
        path: String, query: String, length: Int64, contentType: String, now: Timestamp
    ) throws(Failure) -> Ticket {
        guard let (ticket, signature) = Self.parse(path: path, query: query),
            HMAC<SHA256>.isValidAuthenticationCode(
                signature, authenticating: Self.message(ticket, length, contentType), using: key)
        else {
            throw Failure(.forbidden, "signature_invalid", "This URL does not allow this request.")
        }
        guard now.unixSeconds < ticket.expiry else {
            throw Failure(.forbidden, "signature_expired", "This URL has expired; ask for a new one.")
        }
        return ticket
    }

    /// Each field with its length before it, so that no two requests have one message.
    private static func message(_ ticket: Ticket, _ length: Int64, _ contentType: String) -> [UInt8] {
        ["PUT", ticket.upload, String(ticket.number), String(length), contentType, String(ticket.expiry)]
            .flatMap { Array("\($0.utf8.count):\($0)\n".utf8) }
    }

    /// Takes only the form that `url` gives, so that a URL has no second spelling.
    private static func parse(path: String, query: String) -> (Ticket, signature: [UInt8])? {
        guard path.hasPrefix(pathPrefix) else { return nil }
        let steps = path.dropFirst(pathPrefix.count).split(separator: "/", omittingEmptySubsequences: false)
        let items = query.split(separator: "&", omittingEmptySubsequences: false)
        guard steps.count == 3, steps[1] == "parts", items.count == 2,
            let expiry = integer(after: "expires=", in: items[0]),
            let number = integer(after: "", in: steps[2]),
            items[1].hasPrefix("signature="), let signature = bytes(ofHexadecimal: items[1].dropFirst(10))
        else { return nil }
        return (Ticket(upload: String(steps[0]), number: Int(number), expiry: expiry), signature)
    }

    private static func integer(after name: String, in text: Substring) -> Int64? {
        guard text.hasPrefix(name), let value = Int64(text.dropFirst(name.count)) else { return nil }
        return name + String(value) == text ? value : nil
    }

    /// Nil unless it is 32 bytes in lower case.
    private static func bytes(ofHexadecimal text: Substring) -> [UInt8]? {
        guard text.utf8.count == 64 else { return nil }
        var bytes: [UInt8] = []
        var rest = text.utf8
        while let high = rest.popFirst().flatMap(digit), let low = rest.popFirst().flatMap(digit) {
            bytes.append(high << 4 | low)
        }
        return bytes.count == 32 ? bytes : nil
    }

    private static func digit(_ character: UInt8) -> UInt8? {
        switch character {
        case UInt8(ascii: "0")...UInt8(ascii: "9"): character - UInt8(ascii: "0")
        case UInt8(ascii: "a")...UInt8(ascii: "f"): character - UInt8(ascii: "a") + 10
        default: nil
        }
    }
}
