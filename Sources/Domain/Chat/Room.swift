package import Kernel

package enum RoomSubject {}
package enum MessageSubject {}
package typealias RoomID = Identifier<RoomSubject>
package typealias MessageID = Identifier<MessageSubject>
