import Foundation

extension RunningApp {
    /// Letters that have come to `address`: in the folder of this program, or in that of its stage's mail server, which
    /// all programs share.
    func letters(to address: String) throws -> [String] {
        let shared = place.environment["CLOUDSTREAM_SMTP_MAILDIR"].map {
            URL(filePath: $0).appending(path: "new")
        }
        let folder = TestStage.current.hasGateway ? shared : self.folder.appending(path: "letters")
        guard let folder else {
            throw StageFailure("CLOUDSTREAM_SMTP_MAILDIR is not set: start the servers anew")
        }
        // Made with the first letter.
        let names =
            (try? FileManager.default.contentsOfDirectory(atPath: folder.path(percentEncoded: false))) ?? []
        return try names.map { try String(contentsOf: folder.appending(path: $0), encoding: .utf8) }
            .map { $0.replacing("\r\n", with: "\n") }.filter { $0.contains("\nTo: \(address)\n") }
    }
}
