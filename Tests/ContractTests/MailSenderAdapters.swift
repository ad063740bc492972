import Foundation
import Kernel
import Logging
import MailFolder
import NIOPosix
import SMTP
import Testing

/// Where a contract test of `MailSender` plays: a sender, and the letters that have come.
struct MailSenderStage: Sendable {
    let sender: any MailSender
    /// Whole texts of letters to that address.
    let arrived: @Sendable (_ to: String) throws -> [String]
}

/// An adapter under the contract.
struct MailSenderAdapter: CustomTestStringConvertible, Sendable {
    let testDescription: String
    let run: @Sendable (_ test: (MailSenderStage) async throws -> Void) async throws -> Void

    static let all = [folder] + (server == nil ? [] : [smtp])

    private static let server = ProcessInfo.processInfo.environment["CLOUDSTREAM_SMTP_URL"]
    private static let letters = ProcessInfo.processInfo.environment["CLOUDSTREAM_SMTP_MAILDIR"]

    private static let folder = MailSenderAdapter(testDescription: "folder") { test in
        let path = NSTemporaryDirectory() + "letters-" + UUID().uuidString
        defer { try? FileManager.default.removeItem(atPath: path) }  // Temporary.
        let sender = try FolderMailSender(path: path, sender: "Team <team@example.com>")
        try await test(MailSenderStage(sender: sender) { try texts(in: path, to: $0) })
    }

    private static let smtp = MailSenderAdapter(testDescription: "SMTP server") { test in
        var settings = try SMTPSettings(url: try #require(server))
        settings.sender = "Team <team@example.com>"
        let sender = try SMTPMailSender(
            settings, eventLoopGroup: MultiThreadedEventLoopGroup.singleton, logger: Logger(label: "test"))
        let folder = try #require(letters) + "/new"
        try await test(MailSenderStage(sender: sender) { try texts(in: folder, to: $0) })
    }

    private static func texts(in folder: String, to address: String) throws -> [String] {
        // Made with the first letter.
        let names = (try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? []
        return try names.map { try String(contentsOfFile: folder + "/" + $0, encoding: .utf8) }
            .map { $0.replacing("\r\n", with: "\n") }.filter { $0.contains("\nTo: \(address)\n") }
    }
}
