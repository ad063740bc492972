import Kernel
import MailFolder
import NIOPosix
import SMTP

extension Assembly {
    /// Nil where nobody delivers letters, and in processes that send none.
    func mailSender() throws -> (any MailSender)? {
        switch profile.mail {
        case .nobody: return nil
        case .folder(let settings):
            return try FolderMailSender(path: settings.path, sender: settings.sender)
        case .smtp(let settings):
            guard profile.roles.contains(.scheduler) else { return AbsentMailSender() }
            var configuration = try SMTPSettings(url: try secret(settings.url, .text).text)
            configuration.sender = settings.sender
            configuration.connections = settings.connections
            configuration.connectDeadline = settings.connectDeadline
            configuration.replyDeadline = settings.replyDeadline
            return try SMTPMailSender(
                configuration, eventLoopGroup: MultiThreadedEventLoopGroup.singleton, logger: logger)
        }
    }
}

/// Stands for the sender in processes that send nothing and need not know its secret.
private struct AbsentMailSender: MailSender {
    func send(_ letter: Letter) async throws { throw Failure.unavailable("The mail server, in this role,") }
}
