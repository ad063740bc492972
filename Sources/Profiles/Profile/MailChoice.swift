/// Who takes the letters that people asked for.
package enum MailChoice: Sendable, Equatable {
    /// Nobody: no letter becomes due.
    case nobody
    case folder(FolderMailSettings)
    case smtp(SMTPMailSettings)
}

extension MailChoice: ProfileSection {
    init(reading section: inout SectionReader) {
        self = section.adapter([
            Adapter("none", "Nobody; no letter becomes due.") { _ in .nobody },
            Adapter("folder", "A folder on this machine, a file for each letter.") {
                .folder(FolderMailSettings(reading: &$0))
            },
            Adapter("smtp", "A mail server that delivers them.") { .smtp(SMTPMailSettings(reading: &$0)) },
        ])
    }
}

package struct FolderMailSettings: Sendable, Equatable {
    package let path: String
    package let sender: String
}

extension FolderMailSettings: ProfileSection {
    init(reading section: inout SectionReader) {
        path = section.value("path", "The folder; it is made with the first letter.", .path)
        sender = section.value(
            "sender", "Whom letters come from, such as Team <team@example.com>.", .text,
            default: "CloudStream <cloudstream@localhost>")
    }
}

package struct SMTPMailSettings: Sendable, Equatable {
    package let url: SecretReference
    package let sender: String
    package let connections: Int
    package let connectDeadline: Duration
    package let replyDeadline: Duration
}

extension SMTPMailSettings: ProfileSection {
    init(reading section: inout SectionReader) {
        url = section.value(
            "url", "smtp:// or smtps:// address with user and password; smtp:// begins TLS unless ?tls=none.",
            .secret(.text, for: [.scheduler]))
        sender = section.value("sender", "Whom letters come from, such as Team <team@example.com>.", .text)
        connections = section.value(
            "connections", "To the server at once; letters wait for one.", .integer(in: 1...100), default: 4)
        connectDeadline = section.value(
            "connectDeadline", "Longest time to reach it.", .duration(in: .milliseconds(100) ... .minutes(1)),
            default: .seconds(10))
        replyDeadline = section.value(
            "replyDeadline", "Longest time for one reply of it.", .duration(in: .seconds(1) ... .minutes(10)),
            default: .seconds(60))
    }
}
