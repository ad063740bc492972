package struct IdentitySettings: Sendable, Equatable {
    package let issuer: String
    package let audience: String
    package let tokenKey: SecretReference
    package let accessTokenLifetime: Duration
    package let refreshTokenLifetime: Duration
    package let endedSessionRetention: Duration
    package let invitationLifetime: Duration
    /// Zero switches it off.
    package let verifiedTokenCache: Int
    package let passwordHash: PasswordHashSettings
    package let signInAttempts: SignInAttemptsSettings
}

extension IdentitySettings: ProfileSection {
    init(reading section: inout SectionReader) {
        issuer = section.value("issuer", "Who issues the tokens: the address of this deployment.", .origin)
        audience = section.value("audience", "Whom the tokens are for.", .text)
        tokenKey = section.value("tokenKey", "Signs access tokens and seals others.", .secret(.signingKey))
        accessTokenLifetime = section.value(
            "accessTokenLifetime", "How long an access token holds; also how long a lost right may linger.",
            .duration(in: .seconds(1) ... .days(1)))
        refreshTokenLifetime = section.value(
            "refreshTokenLifetime", "How long one stays signed in without coming back.",
            .duration(in: .seconds(1) ... .days(3650)))
        endedSessionRetention = section.value(
            "endedSessionRetention", "Sessions are forgotten so long after they ran out, or would have.",
            .duration(in: .seconds(1) ... .days(3650)), default: .days(7))
        invitationLifetime = section.value(
            "invitationLifetime", "How long an invitation can be accepted.",
            .duration(in: .seconds(1) ... .days(365)))
        verifiedTokenCache = section.value(
            "verifiedTokenCache", "Verified tokens remembered; 0 for none.", .integer(in: 0...10_000_000))
        passwordHash = section.section("passwordHash", "What a password's hash costs.")
        signInAttempts = section.section("signInAttempts", "What slows down guessing.")
        section.require(
            ["refreshTokenLifetime", "accessTokenLifetime"], refreshTokenLifetime > accessTokenLifetime,
            "must be longer than accessTokenLifetime (\(accessTokenLifetime.inUnits))")
    }
}

package struct PasswordHashSettings: Sendable, Equatable {
    package let scryptRounds: Int
    package let concurrent: Int
}

extension PasswordHashSettings: ProfileSection {
    init(reading section: inout SectionReader) {
        scryptRounds = section.value(
            "scryptRounds", "Cost of scrypt, a power of two; memory grows with it.",
            .integer(in: 2...1_048_576))
        concurrent = section.value("concurrent", "Hashes computed at once; more wait.", .integer(in: 1...256))
        section.require(
            ["scryptRounds"], scryptRounds & (scryptRounds - 1) == 0,
            "must be a power of two, such as 16384, is \(scryptRounds)")
    }
}

package struct SignInAttemptsSettings: Sendable, Equatable {
    package let perMinute: Int
}

extension SignInAttemptsSettings: ProfileSection {
    init(reading section: inout SectionReader) {
        perMinute = section.value(
            "perMinute", "Tries for one account and from one address; more are refused.",
            .integer(in: 1...100_000))
    }
}
