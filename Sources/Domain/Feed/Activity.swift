package import Kernel

package enum ActivitySubject {}
package enum NotificationSubject {}
package typealias ActivityID = Identifier<ActivitySubject>
package typealias NotificationID = Identifier<NotificationSubject>
