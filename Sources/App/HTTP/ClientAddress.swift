import HTTPTypes
import Profiles

/// Who a request comes from, behind proxies of the deployment's own.
struct ClientAddress: Sendable {
    /// Peers whose `X-Forwarded-For` is believed.
    let trustedProxies: [NetworkRange]

    /// The nearest address that is not a trusted proxy's: the peer itself unless it is trusted.
    func resolve(peer: String, _ headers: HTTPFields) -> String {
        guard isTrusted(peer) else { return peer }
        let hops = headers[values: .forwardedFor].joined(separator: ",").split(separator: ",")
            .map { String($0.drop { $0 == " " }) }
        // Each proxy appends whom it heard, so what stands further left is hearsay.
        guard let client = hops.last(where: { !isTrusted($0) }), NetworkRange(client) != nil else {
            return peer
        }
        return client
    }

    private func isTrusted(_ address: String) -> Bool {
        trustedProxies.contains { $0.contains(address) }
    }
}

extension HTTPField.Name {
    // A literal of a valid form: the initialiser fails for invalid ones only.
    static let forwardedFor = Self("X-Forwarded-For")!
}
