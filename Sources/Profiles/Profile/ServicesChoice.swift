/// How a service knows that another of this deployment calls.
package enum ServicesChoice: Sendable, Equatable {
    /// Whoever the network lets through is one.
    case network
    case tokens(ServiceTokensSettings)
}

extension ServicesChoice: ProfileSection {
    init(reading section: inout SectionReader) {
        self = section.adapter([
            Adapter("network", "By the network: whoever reaches a listener may call it.") { _ in .network },
            Adapter("tokens", "By signed tokens of a minute; who shows none is refused.") {
                .tokens(ServiceTokensSettings(reading: &$0))
            },
        ])
    }
}

package struct ServiceTokensSettings: Sendable, Equatable {
    package let signingKey: SecretReference
    package let trustedKeys: SecretReference
}

extension ServiceTokensSettings: ProfileSection {
    init(reading section: inout SectionReader) {
        signingKey = section.value(
            "signingKey", "Signs what a gateway shows to an api; nobody else needs it.",
            .secret(.signingKey, for: [.gateway]))
        trustedKeys = section.value(
            "trustedKeys", "Public keys of the gateways that an api answers.",
            .secret(.verifyingKeys, for: [.api, .chat]))
    }
}
