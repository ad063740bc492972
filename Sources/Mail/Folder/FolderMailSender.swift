private import Foundation
package import Kernel

/// Puts letters into a folder, one file each, for whoever looks there: the next station of a laptop.
package struct FolderMailSender: MailSender {
    private let folder: URL
    private let sender: MailAddress
    private let queue = DispatchQueue(label: "mail-folder")

    /// The folder is made when the first letter comes. `sender` such as `CloudStream <no-reply@example.com>`.
    package init(path: String, sender: String) throws {
        folder = URL(filePath: path, directoryHint: .isDirectory)
        self.sender = try MailAddress(sender)
    }

    package func send(_ letter: Letter) async throws {
        let text = try MailText(letter, from: sender, at: .now())
        let file = folder.appending(path: "\(letter.id).eml")
        try await withCheckedThrowingContinuation { (continuation: CheckedContinuation<Void, any Error>) in
            queue.async { continuation.resume(with: Result { try write(text.bytes, to: file) }) }
        }
    }

    /// A letter is there whole or not at all; again it takes its own place.
    private func write(_ bytes: [UInt8], to file: URL) throws {
        do {
            try FileManager.default.createDirectory(
                at: folder, withIntermediateDirectories: true, attributes: [.posixPermissions: 0o700])
            try Data(bytes).write(to: file, options: .atomic)
        } catch {
            throw Failure.unavailable("The folder of mails", cause: error)
        }
    }
}
