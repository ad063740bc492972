/// A mail server that delivers into a folder, where tests look for letters.
struct MailServers: ServerFamily {
    let context: FamilyContext

    init(_ context: FamilyContext) { self.context = context }

    static func portNames(_ settings: ClusterSettings) -> [String] { ["smtp"] }

    private var port: Int { context.port("smtp") }
    private var letters: String { context.folder("smtp") + "/letters" }

    var plans: [ServerPlan] {
        [
            ServerPlan(
                name: "smtp", technology: "smtp", port: port,
                command: [context.program("mail-server"), "--port", "\(port)", "--folder", letters],
                folder: context.folder("smtp"), check: .listens(port: port))
        ]
    }

    var environment: [String: String] {
        [
            // Nobody else hears what goes over this machine's own address.
            "CLOUDSTREAM_SMTP_URL": "smtp://127.0.0.1:\(port)?tls=none",
            "CLOUDSTREAM_SMTP_MAILDIR": letters,
            // For tests that need one with TLS and passwords of their own.
            "CLOUDSTREAM_MAIL_SERVER": context.program("mail-server"),
        ]
    }
}
